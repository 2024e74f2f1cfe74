package org.apache.spark.embedded

import org.apache.spark.SparkContext
import org.apache.spark.sql.Dataset
import org.apache.spark.sql.classic.{Dataset => ClassicDataset, SparkSession}
import scala.reflect.runtime.universe.TypeTag
import scala.util.control.ControlThrowable

/** What the cells of a context see beside Spark. */
final class Notebook(session: SparkSession) {
  @volatile private var result: Option[Result] = None
  val dbutils = new Dbutils(session)

  def spark: org.apache.spark.sql.SparkSession = session
  def sc: SparkContext = session.sparkContext

  def display(value: Any): Unit = value match {
    case rows: Dataset[_] => result = Some(Shown(Tables.of(rows.asInstanceOf[ClassicDataset[_]])))
    case other => println(other)
  }

  def display[T <: Product: TypeTag](rows: Seq[T]): Unit = display(session.createDataFrame(rows))

  def displayHTML(html: String): Unit = result = Some(Text(html))

  private[embedded] def clear(): Unit = result = None

  /** What was displayed last: a command has one result. */
  private[embedded] def shown: Option[Result] = result
}

/** How `dbutils.notebook.exit` leaves a cell; no exception that user code would catch by accident. */
private[embedded] final case class NotebookExit(value: String) extends ControlThrowable
