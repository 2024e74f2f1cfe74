package org.apache.spark.embedded

import com.fasterxml.jackson.databind.node.ObjectNode
import org.apache.spark.SparkThrowable

/** What a command came to, in the words of `DriverResult` (driver.ts). */
private[embedded] sealed trait Result { def toJson: ObjectNode }

private[embedded] final case class Text(text: String) extends Result {
  def toJson: ObjectNode = Json.obj("kind" -> "text", "text" -> text)
}

private[embedded] final case class Shown(toJson: ObjectNode) extends Result

private[embedded] final case class Failure(summary: String, cause: String) extends Result {
  def toJson: ObjectNode = Json.obj("kind" -> "error", "summary" -> summary, "cause" -> cause)
}

private[embedded] object Result {
  def of(thrown: Throwable): Result = thrown match {
    case NotebookExit(value) => Text(value)
    case CompileError(summary, report) => Failure(summary, report)
    case other => Failure(summary(other.getClass.getName, other), StackTraces.trimmed(other))
  }

  /** SQL has no classes: what failed is told in Spark's words, without the JVM's stack where Spark knows the reason. */
  def ofSql(thrown: Throwable): Result = thrown match {
    case known: SparkThrowable =>
      // Spark adds the plan to some errors in classes of that name.
      val name = known.getClass.getSimpleName.stripPrefix("Extended")
      Failure(summary(name, thrown), s"$name: ${Told.message(thrown).strip}")
    case other => of(other)
  }

  private def summary(name: String, thrown: Throwable): String =
    Told.message(thrown).linesIterator.find(!_.isBlank).map(line => s"$name: ${line.trim}").getOrElse(name)
}
