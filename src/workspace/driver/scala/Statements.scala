package org.apache.spark.embedded

import scala.tools.nsc.ast.parser.Tokens.{EOF, NEWLINE, NEWLINES, SEMI}
import scala.tools.nsc.interpreter.IMain

/** Some statements of a cell, and the line of the cell, from 0, where they begin. */
private[embedded] final case class Part(code: String, line: Int)

/**
 * Cuts a cell where the REPL would: definitions that follow each other stay together (companions and forward references need it), every
 * bare expression is a part of its own, so that its value is echoed and its output keeps its place.
 */
private[embedded] object Statements {
  /** The parts of a cell that parses; otherwise whether it is incomplete (if not, the reporter has the errors). */
  def split(interpreter: IMain, code: String): Either[Boolean, Seq[Part]] = {
    import interpreter.global._
    var incomplete = false
    val parts = Seq.newBuilder[Part]
    currentRun.parsing.withIncompleteHandler((_, _) => incomplete = true) {
      interpreter.reporter.reset()
      val parser = newUnitParser(code, "<cell>")
      def failed = incomplete || interpreter.reporter.hasErrors
      def skipSeparators(): Unit = while (Set(NEWLINE, NEWLINES, SEMI)(parser.in.token)) parser.in.nextToken()
      def add(from: Int, to: Int): Unit =
        if (from < to) parts += Part(code.substring(from, to), code.substring(0, from).count(_ == '\n'))
      var from = 0
      var to = 0
      skipSeparators()
      from = parser.in.offset
      to = from
      while (parser.in.token != EOF && !failed) {
        val start = parser.in.offset
        val alone =
          if (parser.templateStat.isDefinedAt(parser.in.token)) parser.templateStat(parser.in.token).exists(standsAlone(interpreter))
          else {
            parser.syntaxErrorOrIncomplete("illegal start of statement", skipIt = true)
            false
          }
        val end = parser.in.lastOffset
        if (alone) {
          add(from, to)
          add(start, end)
        }
        if (parser.in.token != EOF && !failed) parser.acceptStatSep()
        skipSeparators()
        if (alone) from = parser.in.offset
        to = if (alone) from else end
      }
      add(from, to)
    }
    if (incomplete) Left(true) else if (interpreter.reporter.hasErrors) Left(false) else Right(parts.result())
  }

  /** Expressions; and lazy values, whose echo Scala 2.13 does not end with a newline. */
  private def standsAlone(interpreter: IMain)(tree: interpreter.global.Tree): Boolean = {
    import interpreter.global._
    tree match {
      case value: ValDef => value.mods.isLazy
      case _: Assign => false
      case other => other.isTerm
    }
  }
}
