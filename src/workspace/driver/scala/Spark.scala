package org.apache.spark.embedded

import java.nio.file.{Files, Path}
import org.apache.spark.SparkConf
import org.apache.spark.scheduler.{SparkListener, SparkListenerApplicationEnd}
import org.apache.spark.sql.classic.SparkSession
import org.apache.spark.util.MutableURLClassLoader

/** Starts the one SparkContext of this process, everything it writes below `scratch`. */
private[embedded] object Spark {
  def start(master: String, scratch: Path, dbfs: String, jar: String): SparkSession = {
    val conf = new SparkConf()
      .setMaster(master)
      .setAppName("databricks-kernel")
      .set("spark.driver.host", "127.0.0.1")
      .set("spark.driver.bindAddress", "127.0.0.1")
      .set("spark.ui.enabled", "false")
      .set("spark.ui.showConsoleProgress", "false")
      .set("spark.scheduler.mode", "FAIR")
      .set("spark.local.dir", scratch.resolve("local").toString)
      .set("spark.repl.class.outputDir", ReplClasses.directory.toString)
      .set("spark.sql.catalogImplementation", "in-memory")
      .set("spark.sql.warehouse.dir", Files.createDirectories(scratch.resolve("warehouse")).toUri.toString)
      .set("spark.sql.shuffle.partitions", "8")
      .set("spark.sql.session.timeZone", "UTC")
      .set("spark.hadoop.fs.dbfs.impl", classOf[Dbfs].getName)
      .set("spark.hadoop.fs.dbfs.impl.disable.cache", "false")
      .set(s"spark.hadoop.${Dbfs.rootKey}", dbfs)
    if (!master.startsWith("local[")) conf.set("spark.jars", jar)
    val session = SparkSession.builder().config(conf).getOrCreate()
    session.sparkContext.addSparkListener(new EndOfSpark)
    session
  }
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
