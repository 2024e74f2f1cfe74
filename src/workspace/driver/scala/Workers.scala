package org.apache.spark.embedded

import org.apache.spark.SparkContext
import org.apache.spark.scheduler.{SparkListener, SparkListenerExecutorAdded, TaskSchedulerImpl}
import org.apache.spark.scheduler.cluster.CoarseGrainedSchedulerBackend
import org.apache.spark.scheduler.local.{LocalSchedulerBackend, LocalSlots}

/** The workers of the cluster: task slots of this process on a local master, executors on any other. 0: as many as the master has room for. */
private[embedded] sealed trait Workers {
  /** Returns when the capacity is there. */
  def resize(number: Int): Unit
}

private[embedded] object Workers {
  def isLocal(master: String): Boolean = master == "local" || master.startsWith("local[")

  /** The master to give to Spark. */
  def master(configured: String, number: Int): String = if (isLocal(configured) && number > 0) s"local[$number]" else configured

  /** An executor has one core, unless the user wants larger ones. */
  def defaults(master: String): Map[String, String] = if (isLocal(master)) Map.empty else Map("spark.executor.cores" -> "1")

  /** Of a Spark that has just started with the settings above; executors may come later. */
  def of(context: SparkContext, configured: String, number: Int): Workers = context.schedulerBackend match {
    case _: LocalSchedulerBackend => new Slots(context, configured)
    case backend: CoarseGrainedSchedulerBackend => new Executors(context, backend, number)
    case other => throw new UnsupportedOperationException(s"Spark on ${context.master} (${other.getClass.getName}) has workers of an unknown kind.")
  }
}

private final class Slots(context: SparkContext, configured: String) extends Workers {
  def resize(number: Int): Unit = LocalSlots.resize(context, if (number > 0) number else SparkContext.numDriverCores(configured))
}

/** A master starts as many as it can before it hears how many are wanted: those that are too many end when they come. */
private final class Executors(context: SparkContext, backend: CoarseGrainedSchedulerBackend, first: Int) extends SparkListener with Workers {
  @volatile private var wanted = limit(first)
  context.addSparkListener(this)
  if (first > 0) request()

  def resize(number: Int): Unit = {
    wanted = limit(number)
    request()
    if (number > 0) await(number)
  }

  override def onExecutorAdded(added: SparkListenerExecutorAdded): Unit = endSurplus()

  private def limit(number: Int): Int = if (number > 0) number else Int.MaxValue

  private def request(): Unit = {
    context.requestTotalExecutors(wanted, 0, Map.empty)
    endSurplus()
  }

  /** Idle ones first: tasks of the others run again elsewhere. */
  private def endSurplus(): Unit = synchronized {
    val scheduler = context.taskScheduler.asInstanceOf[TaskSchedulerImpl]
    val surplus = backend.getExecutorIds().sortBy(id => !scheduler.isExecutorBusy(id)).drop(wanted)
    if (surplus.nonEmpty) backend.killExecutors(surplus, adjustTargetNumExecutors = false, countFailures = false, force = true)
  }

  private def await(number: Int): Unit = {
    val deadline = System.nanoTime + patienceSeconds * 1000000000L
    def there: Int = backend.getExecutorIds().length
    while (there != number) {
      if (System.nanoTime > deadline) throw new IllegalStateException(
        s"The Spark master has given $there of $number workers after $patienceSeconds seconds; more come when it has room for them.")
      Thread.sleep(50)
    }
  }

  private val patienceSeconds = 60
}
