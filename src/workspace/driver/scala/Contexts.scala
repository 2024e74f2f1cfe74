package org.apache.spark.embedded

import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import org.apache.spark.sql.classic.SparkSession

/** The contexts of this driver by the server's ids. */
private[embedded] final class Contexts {
  private val byId = new ConcurrentHashMap[String, Context]
  private val numbers = new AtomicInteger
  @volatile private var spark: SparkSession = _
  private var spare: Option[Context] = None

  /** Makes one context ahead of time and warms its interpreters, so that the first cell does not wait for the compiler to load. */
  def start(session: SparkSession): Unit = synchronized {
    spark = session
    val first = make()
    spare = Some(first)
    first.warmUp()
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
    spark.sparkContext.cancelJobGroupAndFutureJobs(command, "The command was cancelled.")
    find(id).foreach(_.interrupt(command))
  }

  def close(id: String): Unit = Option(byId.remove(id)).foreach(_.close())

  private def make(): Context = new Context(numbers.incrementAndGet(), spark)
}
