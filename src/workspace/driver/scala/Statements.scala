package org.apache.spark.embedded

import scala.tools.nsc.interpreter.IMain

/**
 * Cuts a cell where the REPL would: definitions that follow each other stay together (companions and forward references need it), every
 * bare expression is a part of its own, so that its value is echoed and its output keeps its place.
 */
private[embedded] object Statements {
  /** The parts of a cell that parses; otherwise whether it is incomplete (the reporter then has the errors). */
  def split(interpreter: IMain, code: String): Either[Boolean, Seq[String]] = {
    import interpreter.global._
    var incomplete = false
    val parts = Seq.newBuilder[String]
    currentRun.parsing.withIncompleteHandler((_, _) => incomplete = true) {
      interpreter.reporter.reset()
      val parser = newUnitParser(code, "<console>")
      var from = 0
      def cut(to: Int): Unit = {
        val part = code.substring(from, to).dropWhile(char => char == ';' || char.isWhitespace)
        if (part.nonEmpty) parts += part
        from = to
      }
      val end = scala.tools.nsc.ast.parser.Tokens.EOF
      def separate(): Unit = while (scala.tools.nsc.ast.parser.Tokens.NEWLINE == parser.in.token ||
        scala.tools.nsc.ast.parser.Tokens.NEWLINES == parser.in.token || scala.tools.nsc.ast.parser.Tokens.SEMI == parser.in.token) parser.in.nextToken()
      separate()
      while (parser.in.token != end && !interpreter.reporter.hasErrors && !incomplete) {
        val start = parser.in.offset
        if (!parser.templateStat.isDefinedAt(parser.in.token)) parser.syntaxErrorOrIncomplete("illegal start of statement", true)
        else parser.templateStat(parser.in.token) match {
          case List(tree) if tree.isTerm && !tree.isInstanceOf[Assign] =>
            cut(start)
            cut(parser.in.lastOffset)
          case _ => ()
        }
        if (parser.in.token != end && !incomplete) parser.acceptStatSep()
        separate()
      }
      cut(code.length)
    }
    if (incomplete) Left(true) else if (interpreter.reporter.hasErrors) Left(false) else Right(parts.result())
  }
}
