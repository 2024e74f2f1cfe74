package org.apache.spark.embedded

import java.io.File
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import org.apache.spark.sql.classic.SparkSession
import scala.concurrent.{Await, Promise}
import scala.concurrent.duration.Duration
import scala.util.Try

/** The contexts of this driver by the server's ids. */
private[embedded] final class Contexts {
  private val byId = new ConcurrentHashMap[String, Context]
  private val numbers = new AtomicInteger
  private val spark = Promise[SparkSession]()
  private var spare: Option[Context] = None

  /**
   * Starts Spark, and beside it the interpreters of one context ahead of time: the compiler takes as long to load as Spark, and the first
   * cell need not wait for one after the other.
   */
  def start(session: => SparkSession): Unit = {
    val first = make()
    first.warmUp()
    synchronized { spare = Some(first) }
    spark.complete(Try(session)).future.value.get.get
  }

  def open(id: String): Context = synchronized {
    val context = spare.getOrElse(make())
    spare = None
    byId.put(id, context)
    context
  }

  def find(id: String): Option[Context] = Option(byId.get(id))

  def apply(id: String): Context = find(id).getOrElse(throw new NoSuchElementException(s"There is no context $id in this driver."))

  /** The job group is cancelled in any case: Python's commands run elsewhere, their jobs here. */
  def cancel(id: String, command: String): Unit = {
    root.sparkContext.cancelJobGroupAndFutureJobs(command, "The command was cancelled.")
    find(id).foreach(_.interrupt(command))
  }

  /** Classes of these jars are found from every context's next command on. */
  def add(jars: Seq[File]): Unit = Jars.add(jars, root.sparkContext)

  def close(id: String): Unit = Option(byId.remove(id)).foreach(_.close())

  private def make(): Context = new Context(numbers.incrementAndGet(), () => root)

  /** The session that all contexts' sessions derive from; waits while Spark starts. */
  private def root: SparkSession = Await.result(spark.future, Duration.Inf)
}
