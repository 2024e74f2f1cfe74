package org.apache.spark.scheduler.local

import java.util.concurrent.ConcurrentMap
import org.apache.spark.SparkContext
import scala.jdk.CollectionConverters._

/**
 * How many tasks a Spark on `local[N]` runs at a time, changed while it runs. Spark itself sets the number once: the free slots are a variable
 * of the endpoint that hands out tasks. This stands in Spark's package to get there.
 */
private[spark] object LocalSlots {
  /** Has taken effect when this returns; tasks that run go on. */
  def resize(context: SparkContext, slots: Int): Unit = {
    val backend = context.schedulerBackend.asInstanceOf[LocalSchedulerBackend]
    betweenMessages(inboxOf(context)) { endpoint =>
      addFree(endpoint, slots - backend.totalCores)
      // What Spark says of its parallelism.
      field(backend, "totalCores").setInt(backend, slots)
    }
    backend.reviveOffers()
  }

  /** While the endpoint works at no message; whoever wants to begin with the next one needs the lock of its inbox. */
  private def betweenMessages(inbox: AnyRef)(change: LocalEndpoint => Unit): Unit = {
    val threads = field(inbox, "numActiveThreads")
    val endpoint = field(inbox, "endpoint").get(inbox).asInstanceOf[LocalEndpoint]
    def changed: Boolean = inbox.synchronized {
      val isFree = threads.getInt(inbox) == 0
      if (isFree) change(endpoint)
      isFree
    }
    while (!changed) Thread.sleep(1)
  }

  private def inboxOf(context: SparkContext): AnyRef = {
    val dispatcher = read(context.env.rpcEnv, "dispatcher")
    val loop = entry(read(dispatcher, "endpoints"), "LocalSchedulerBackendEndpoint")
    entry(read(loop, "endpoints"), "LocalSchedulerBackendEndpoint")
  }

  private def addFree(endpoint: LocalEndpoint, more: Int): Unit = {
    val name = "org$apache$spark$scheduler$local$LocalEndpoint$$freeCores"
    val free = endpoint.getClass.getMethod(name).invoke(endpoint).asInstanceOf[BigDecimal]
    endpoint.getClass.getMethod(s"${name}_$$eq", classOf[BigDecimal]).invoke(endpoint, free + more)
  }

  private def entry(map: AnyRef, name: String): AnyRef =
    map.asInstanceOf[ConcurrentMap[String, AnyRef]].asScala.getOrElse(name, throw new IllegalStateException(s"This Spark has no $name."))

  private def read(from: AnyRef, name: String): AnyRef = field(from, name).get(from)

  private def field(of: AnyRef, name: String): java.lang.reflect.Field = {
    val found = of.getClass.getDeclaredField(name)
    found.setAccessible(true)
    found
  }
}
