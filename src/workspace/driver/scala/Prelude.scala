package org.apache.spark.embedded

/** What every Scala context begins with. The values are transient, or each closure would drag the SparkContext along. */
private[embedded] object Prelude {
  def of(number: Int): Seq[String] = Seq(
    s"""@transient val notebook$$ = org.apache.spark.embedded.Context.notebook($number)
       |@transient val spark: org.apache.spark.sql.SparkSession = notebook$$.spark
       |@transient val sc: org.apache.spark.SparkContext = notebook$$.sc
       |@transient val dbutils = notebook$$.dbutils""".stripMargin,
    """import notebook$.{display, displayHTML}
      |import spark.implicits._
      |import spark.sql
      |import org.apache.spark.sql.functions._""".stripMargin)
}
