package org.apache.spark.embedded

import com.fasterxml.jackson.databind.node.ObjectNode

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
    case other => Failure(firstLine(other.toString), StackTraces.trimmed(other))
  }

  def firstLine(text: String): String = text.linesIterator.find(_.trim.nonEmpty).getOrElse("").trim
}
