package org.apache.spark.embedded

import org.apache.spark.sql.catalyst.util.StringUtils
import org.apache.spark.sql.classic.SparkSession

/** Runs statements in order and gives the last one's result. */
private[embedded] final class SqlRepl(session: SparkSession) {
  def run(code: String): Result = try {
    val statements = StringUtils.splitSemiColon(code, true).filterNot(isBlank)
    val results = statements.map { statement =>
      Interrupts.check()
      session.sql(statement)
    }
    results.lastOption match {
      case Some(last) if last.schema.nonEmpty => Shown(Tables.of(last))
      case _ => Text("")
    }
  } catch { case thrown: Throwable => Result.ofSql(thrown) }

  /** Whether nothing is left without comments. One kind may hold the beginning of the other: whichever begins first counts. */
  private def isBlank(statement: String): Boolean = statement.replaceAll("(?s)--[^\n]*|/\\*.*?\\*/", "").isBlank
}
