package org.apache.spark.embedded

import java.io.PrintWriter
import scala.reflect.internal.util.{CodeAction, NoPosition, Position}
import scala.reflect.internal.{Reporter => Severities}
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.shell.ReplReporterImpl

/** Keeps what the compiler says of a cell, with line numbers of the cell and the line itself. Warnings are printed, errors end the command. */
private[embedded] final class CellReporter(settings: Settings) extends ReplReporterImpl(settings, new PrintWriter(System.out, true)) {
  private var errors = Vector.empty[(String, String)]
  private var firstLine = 0

  def begin(part: Part): Unit = firstLine = part.line
  def clear(): Unit = { errors = Vector.empty; firstLine = 0; reset() }

  override def doReport(position: Position, message: String, severity: Severity, actions: List[CodeAction]): Unit =
    if (severity == Severities.ERROR) errors :+= (message -> located(position, s"error: $message"))
    else if (severity == Severities.WARNING) out.println(located(position, s"warning: $message"))

  def failure: CompileError = {
    val summary = errors.headOption.map(_._1.linesIterator.map(_.trim).mkString(" ")).getOrElse("the code does not compile")
    CompileError(s"error: $summary", errors.map(_._2).mkString("\n"))
  }

  private def located(position: Position, text: String): String =
    if (position == null || position == NoPosition || !position.isDefined) text
    else {
      val at = position.finalPosition
      s"<cell>:${at.line + firstLine}: $text\n${at.lineContent.stripTrailing}\n${at.lineCaret}"
    }
}
