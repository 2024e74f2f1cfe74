package org.apache.spark.embedded

import org.apache.spark.sql.classic.SparkSession

/** The part of Databricks' `dbutils` that makes sense on one machine. Python's delegates to this one. */
final class Dbutils(session: SparkSession) {
  val fs = new DbutilsFs(session)
  val widgets = new Widgets
  val notebook = new NotebookUtils
  val secrets = new Secrets

  override def toString: String = "dbutils: fs, widgets, notebook, secrets"
}

final class NotebookUtils {
  /** Ends the command; its result is exactly `value`. */
  def exit(value: String): Unit = throw NotebookExit(value)
}

final class Secrets {
  def get(scope: String, key: String): String =
    throw new UnsupportedOperationException(s"The embedded workspace holds no secrets: scope $scope, key $key. Read the value from the environment instead.")
  def listScopes(): Seq[String] = Seq.empty
}
