package org.apache.spark.embedded

import java.lang.reflect.InvocationTargetException
import scala.tools.nsc.Settings
import scala.tools.nsc.interpreter.{IMain, Results}
import scala.util.control.ControlThrowable

/** Scala's own interpreter, one a context. All of them write their classes to one directory and take them from one loader. */
private[embedded] final class ScalaRepl(number: Int, context: Context) {
  private val settings = {
    val made = new Settings(message => System.err.println(message))
    made.processArguments(
      List("-usejavacp", "-Yrepl-class-based", "-Yrepl-outdir", ReplClasses.directory.toString,
        // `rdd.collect` without parentheses is how Spark code is written.
        "-Wconf:cat=deprecation:s"), processAll = true)
    made
  }
  private val reporter = new CellReporter(settings)
  private val interpreter = new IMain(settings, Some(ReplClasses.loader), settings, reporter)
  private var jars = 0
  numberLinesFrom(number * 1000000)
  Prelude.of(number).foreach(code => echoOf(compiled(Part(code, 0))))

  def run(code: String): Result = {
    seeJars()
    val printed = new Capture
    Output.during(printed) {
      reporter.clear()
      Statements.split(interpreter, code) match {
        case Right(parts) => parts.foreach { part =>
          val request = compiled(part)
          context.checkCancelled()
          print(lineEnded(echoOf(request)))
        }
        case Left(incomplete) => throw if (incomplete) unfinished else reporter.failure
      }
    }
    context.notebook.shown.getOrElse(Text(printed.text))
  }

  /** On the thread that compiles: the compiler knows no other. */
  private def seeJars(): Unit = {
    val added = Jars.added
    if (jars < added.size) interpreter.addUrlsToClassPath(added.drop(jars): _*)
    jars = added.size
  }

  private def compiled(part: Part): interpreter.Request = {
    reporter.begin(part)
    interpreter.compile(part.code, false) match {
      case Right(request) => request
      case Left(result) => throw if (result == Results.Incomplete) unfinished else reporter.failure
    }
  }

  /** Evaluates a part of a cell and returns the REPL's echo. */
  private def echoOf(request: interpreter.Request): String = request.lineRep.callEither("$print") match {
    case Right(echo) =>
      interpreter.recordRequest(request)
      reporter.truncate(reporter.unmangleInterpreterOutput(String.valueOf(echo)))
    case Left(thrown) => throw unwrapped(thrown)
  }

  private def lineEnded(echo: String): String = if (echo.isEmpty || echo.endsWith("\n")) echo else s"$echo\n"

  private def unfinished: CompileError = {
    val message = "error: the code is incomplete: a bracket, a brace, a string or the end of a definition is missing"
    CompileError(message, message)
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
