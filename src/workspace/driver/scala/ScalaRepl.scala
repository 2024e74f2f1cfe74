package org.apache.spark.embedded

import java.io.PrintWriter
import java.lang.reflect.InvocationTargetException
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.{IMain, Results}
import scala.tools.nsc.interpreter.shell.ReplReporterImpl
import scala.util.control.ControlThrowable

/** Scala's own interpreter, one a context. All of them write their classes to one directory and take them from one loader. */
private[embedded] final class ScalaRepl(number: Int, context: Context) {
  private val settings = {
    val made = new Settings(message => System.err.println(message))
    made.processArguments(
      List("-usejavacp", "-Yrepl-class-based", "-Yrepl-outdir", ReplClasses.directory.toString), processAll = true)
    made
  }
  private val reporter = new ReplReporterImpl(settings, new PrintWriter(System.out, true))
  private val interpreter = new IMain(settings, Some(ReplClasses.loader), settings, reporter)
  prepare()

  def run(code: String): Result = {
    val printed = new Capture
    Output.during(printed) {
      Statements.split(interpreter, code) match {
        case Right(parts) => parts.foreach(part => reporter.printResult(Right(interpret(part, printed))))
        case Left(incomplete) => throw compileError(printed, incomplete)
      }
    }
    context.notebook.shown.getOrElse(Text(printed.text))
  }

  def close(): Unit = interpreter.close()

  private def prepare(): Unit = {
    numberLinesFrom(number * 1000000)
    val printed = new Capture
    Output.during(printed)(Prelude.of(number).foreach(interpret(_, printed)))
  }

  /** Evaluates one part of a cell and returns the REPL's echo. */
  private def interpret(code: String, printed: Capture): String =
    interpreter.compile(code, false) match {
      case Right(request) =>
        request.lineRep.callEither("$print") match {
          case Right(echo) =>
            interpreter.recordRequest(request)
            String.valueOf(echo)
          case Left(thrown) => throw unwrapped(thrown)
        }
      case Left(result) => throw compileError(printed, result == Results.Incomplete)
    }

  private def compileError(printed: Capture, incomplete: Boolean): CompileError = {
    reporter.flush()
    val report = if (incomplete) "error: the code is incomplete: a bracket, brace or string is not closed" else printed.text.stripTrailing
    val lines = report.linesIterator.toList
    val summary = lines.find(_.contains("error: ")).map(line => line.substring(line.indexOf("error: "))).getOrElse("error: compilation failed")
    CompileError(summary, report)
  }

  private def unwrapped(thrown: Throwable): Throwable = thrown match {
    case wrapper @ (_: InvocationTargetException | _: ExceptionInInitializerError | _: java.util.concurrent.ExecutionException)
        if wrapper.getCause != null => unwrapped(wrapper.getCause)
    case other => other
  }

  /**
   * Lines are compiled to classes `$line<n>`, which all contexts keep in one directory: each counts from a million of its own.
   * The prefix cannot serve: it is a system property of the whole JVM, and Spark's encoders look for `$line<digits>`.
   */
  private def numberLinesFrom(start: Int): Unit = {
    val naming = interpreter.naming
    val setter = naming.getClass.getMethods.find(_.getName.endsWith("_freshLineId_$eq"))
      .getOrElse(throw new IllegalStateException("This Scala's interpreter counts its lines in an unknown way."))
    setter.invoke(naming, Int.box(start))
  }
}

/** A cell that did not compile. */
private[embedded] final case class CompileError(summary: String, report: String) extends ControlThrowable
