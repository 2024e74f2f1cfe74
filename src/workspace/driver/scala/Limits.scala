package org.apache.spark.embedded

/** The limits of API 1.2, as real servers have them. */
private[embedded] object Limits {
  val textBytes: Int = 10 * 1024 * 1024
  val tableRows: Int = 1000
}
