package org.apache.spark.embedded

/** What a result may hold: rows as on real servers; the rest so that one cell does not fill the memory of all. */
private[embedded] object Limits {
  /** Printed text is kept up to here, and cut by the server (command.ts) at 10 million characters, which are never more bytes than this. */
  val textBytes: Int = 40000000
  val tableRows: Int = 1000
  /** Of a table's JSON text. */
  val tableCharacters: Int = 20000000
}
