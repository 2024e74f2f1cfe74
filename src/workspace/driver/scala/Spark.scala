package org.apache.spark.embedded

import java.nio.file.{Files, Path}
import org.apache.spark.SparkConf
import org.apache.spark.scheduler.{SparkListener, SparkListenerApplicationEnd}
import org.apache.spark.sql.classic.SparkSession
import org.apache.spark.util.MutableURLClassLoader

/** Where a driver keeps what. Executors elsewhere get the jar, which holds what cells and `dbfs:/` need. */
private[embedded] final case class Paths(scratch: Path, dbfs: String, jar: String)

/** Starts the one SparkContext of this process. */
private[embedded] object Spark {
  /** `wanted`: the user's settings, which go before our defaults but not before what the driver itself relies on. */
  def start(master: String, numWorkers: Int, wanted: Map[String, String], paths: Paths): SparkSession = {
    val conf = new SparkConf().setAll(defaults ++ Workers.defaults(master) ++ wanted ++ own(paths)).setMaster(Workers.master(master, numWorkers))
    if (!Workers.isLocal(master)) conf.set("spark.jars", paths.jar)
    val session = SparkSession.builder().config(conf).getOrCreate()
    session.sparkContext.addSparkListener(new EndOfSpark)
    session
  }

  private val defaults = Map(
    "spark.app.name" -> "databricks-kernel",
    "spark.ui.enabled" -> "false",
    "spark.ui.showConsoleProgress" -> "false",
    "spark.scheduler.mode" -> "FAIR",
    "spark.sql.shuffle.partitions" -> "8",
    "spark.sql.session.timeZone" -> "UTC",
  )

  /** Everything that is written lies below `scratch`. The server refuses these keys to users (spark-conf.ts). */
  private def own(paths: Paths): Map[String, String] = Map(
    "spark.driver.host" -> "127.0.0.1",
    "spark.driver.bindAddress" -> "127.0.0.1",
    "spark.local.dir" -> paths.scratch.resolve("local").toString,
    "spark.repl.class.outputDir" -> ReplClasses.directory.toString,
    "spark.sql.catalogImplementation" -> "in-memory",
    "spark.sql.warehouse.dir" -> Files.createDirectories(paths.scratch.resolve("warehouse")).toUri.toString,
    "spark.hadoop.fs.dbfs.impl" -> classOf[Dbfs].getName,
    "spark.hadoop.fs.dbfs.impl.disable.cache" -> "false",
    s"spark.hadoop.${Dbfs.rootKey}" -> paths.dbfs,
  )
}

/** The class loader that all Scala contexts and the executors of this process share, over the directory that the interpreters write to. */
private[embedded] object ReplClasses {
  @volatile private var shared: MutableURLClassLoader = _
  @volatile private var written: Path = _

  def install(directory: Path): Unit = {
    written = directory
    shared = new MutableURLClassLoader(Array(directory.toUri.toURL), getClass.getClassLoader)
    Thread.currentThread().setContextClassLoader(shared)
  }

  def loader: MutableURLClassLoader = shared
  def directory: Path = written
}

/** A driver without its SparkContext is of no use: user code that stops it ends the cluster, as it does on real ones. */
private[embedded] final class EndOfSpark extends SparkListener {
  override def onApplicationEnd(end: SparkListenerApplicationEnd): Unit = {
    System.err.println("The SparkContext was stopped, and the driver ends with it. User code must not call spark.stop() or sc.stop().")
    Runtime.getRuntime.halt(1)
  }
}
