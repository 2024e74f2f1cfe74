package org.apache.spark.embedded

import com.fasterxml.jackson.databind.node.ObjectNode
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicReference
import org.apache.spark.sql.classic.SparkSession
import scala.util.Try

/**
 * An execution context: one session and one thread, on which its Scala and SQL commands run one after the other.
 * Python runs in a process of its own, attached to the same session.
 */
private[embedded] final class Context(number: Int, whenStarted: () => SparkSession) {
  lazy val root: SparkSession = whenStarted()
  lazy val session: SparkSession = root.newSession()
  lazy val notebook = new Notebook(session)
  /** With a lock of its own: SQL need not wait while the interpreter warms up. */
  private object Interpreter { lazy val repl = new ScalaRepl(number, Context.this) }
  private lazy val sqlRepl = new SqlRepl(session)
  private val python = new AtomicReference[Option[PythonGateway]](None)
  private val state = new Object
  private var running: Option[String] = None
  private var cancelled: Option[String] = None
  @volatile private var thread: Thread = _
  private val lane = Executors.newSingleThreadExecutor { body =>
    thread = new Thread(body, s"context-$number")
    thread.setDaemon(true)
    thread.setContextClassLoader(ReplClasses.loader)
    thread
  }
  Context.register(number, this)

  /** Returns when the REPL of `language` is there. */
  def prepare(language: String): Unit = if (language == "scala") lane.submit[Unit](() => { Interpreter.repl; () }).get()

  /** Loads the compiler, compiles the prelude and, once Spark is there, runs it and a first query. Failures come back when the REPL is used. */
  def warmUp(): Unit = {
    val warmer = new Thread(() => {
      Try(Interpreter.repl)
      Try(Tables.of(session.sql("SELECT 1")))
    }, s"warm-up-$number")
    warmer.setDaemon(true)
    warmer.setContextClassLoader(ReplClasses.loader)
    warmer.start()
  }

  def execute(command: String, language: String, code: String)(answer: ObjectNode => Unit): Unit =
    lane.execute { () =>
      // Whatever happens here, and be it that the result is too large for the memory that is left, must not leave the server waiting.
      try answer(run(command, language, code).toJson)
      catch { case thrown: Throwable => answer(Result.of(thrown).toJson) }
    }

  private def run(command: String, language: String, code: String): Result = {
    state.synchronized { running = Some(command) }
    try {
      // Cancelled before it began: no thread was there to be interrupted.
      checkCancelled()
      begin(command)
      notebook.clear()
      if (language == "sql") sqlRepl.run(code) else Interpreter.repl.run(code)
    } catch { case thrown: Throwable => Result.of(thrown) }
    finally state.synchronized {
      running = None
      // An interrupt that came too late must not hurt the next command.
      Thread.interrupted()
    }
  }

  /** Makes the jobs of this thread the command's, and its session this context's. */
  def begin(command: String): Unit = {
    SparkSession.setActiveSession(session)
    session.sparkContext.setJobGroup(command, s"context $number", interruptOnCancel = true)
    session.sparkContext.setLocalProperty("spark.scheduler.pool", s"context-$number")
  }

  /** Whether the running command was cancelled. The thread does not remember: the compiler swallows an interrupt that comes while it works. */
  def checkCancelled(): Unit = state.synchronized {
    if (running.isDefined && running == cancelled) throw new InterruptedException("The command was cancelled.")
  }

  def interrupt(command: String): Unit = state.synchronized {
    cancelled = Some(command)
    running.filter(_ == command).foreach(_ => thread.interrupt())
  }

  /** A new gateway for a new Python process; the one before it, if any, has lost its process. */
  def gateway(): ObjectNode = {
    val fresh = new PythonGateway(this)
    python.getAndSet(Some(fresh)).foreach(_.close())
    fresh.address
  }

  /** Code that is still running cannot be stopped from here (Java has no such thing), only made to matter little. */
  def close(): Unit = {
    python.getAndSet(None).foreach(_.close())
    lane.shutdownNow()
    val command = state.synchronized(running)
    command.foreach { id =>
      session.sparkContext.cancelJobGroupAndFutureJobs(id, "The context was closed.")
      thread.setPriority(Thread.MIN_PRIORITY)
    }
    stopStreams()
    Context.forget(number)
  }

  /** In the background, and with a limit for each: one that does not stop keeps neither the server nor the others waiting. */
  private def stopStreams(): Unit = {
    val stopper = new Thread(() => {
      session.conf.set("spark.sql.streaming.stopTimeout", "10s")
      session.streams.active.foreach(query => Try(query.stop()))
    }, s"close-$number")
    stopper.setDaemon(true)
    stopper.start()
  }
}

/** Contexts by number: how code in a Scala interpreter finds the objects that its prelude names. */
object Context {
  private val byNumber = new java.util.concurrent.ConcurrentHashMap[Int, Context]

  private def register(number: Int, context: Context): Unit = byNumber.put(number, context)
  private def forget(number: Int): Unit = byNumber.remove(number)

  def notebook(number: Int): Notebook = byNumber.get(number).notebook
}
