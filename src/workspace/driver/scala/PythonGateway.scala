package org.apache.spark.embedded

import com.fasterxml.jackson.databind.node.ObjectNode
import java.net.InetAddress
import java.security.SecureRandom
import java.util.Base64
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.sql.classic.{Dataset, SparkSession}
import py4j.ClientServer

/** Py4J's server for one Python process: a gateway a context, so that callbacks and objects of one never reach another. */
private[embedded] final class PythonGateway(context: Context) {
  private val secret = {
    val bytes = new Array[Byte](32)
    new SecureRandom().nextBytes(bytes)
    Base64.getUrlEncoder.encodeToString(bytes)
  }
  private val server = start(
    new ClientServer.ClientServerBuilder(new PythonEntry(context))
      .authToken(secret).javaPort(0).javaAddress(InetAddress.getLoopbackAddress)
  )

  def address: ObjectNode = {
    val node = Json.obj("secret" -> secret)
    node.put("port", server.getJavaServer.getListeningPort)
  }

  def close(): Unit = server.shutdown()

  /** Its threads, and those that Spark starts from them, inherit the class loader of this one: Python may read what Scala cells have typed. */
  private def start(builder: ClientServer.ClientServerBuilder): ClientServer = {
    val thread = Thread.currentThread()
    val before = thread.getContextClassLoader
    thread.setContextClassLoader(ReplClasses.loader)
    try builder.build() finally thread.setContextClassLoader(before)
  }
}

/** What Python finds in the JVM. */
final class PythonEntry(context: Context) {
  def spark: SparkSession = context.session
  def sc: JavaSparkContext = new JavaSparkContext(context.session.sparkContext)
  def dbutils: Dbutils = context.notebook.dbutils

  /** PySpark makes its session the default of the whole JVM; the default belongs to no context. */
  def attached(): Unit = SparkSession.setDefaultSession(context.root)

  /** Python threads are pinned: the thread that runs this is the one that will run the command's jobs. */
  def begin(command: String): Unit = context.begin(command)

  /** A table as the JSON text of a result. */
  def table(rows: Dataset[_]): String = Tables.of(rows).toString
}
