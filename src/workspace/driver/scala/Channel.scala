package org.apache.spark.embedded

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import java.io.{BufferedReader, InputStreamReader, OutputStream}
import java.net.{InetAddress, Socket}
import java.nio.charset.StandardCharsets.UTF_8
import scala.jdk.CollectionConverters._

/** The socket to the workspace server: requests come in, answers go out, one JSON object a line. */
private[embedded] final class Channel private (socket: Socket) {
  private val out: OutputStream = socket.getOutputStream

  /** Hands every request to `handle`, on this thread, until the server closes the connection. */
  def serve(handle: Request => Unit): Unit = {
    val in = new BufferedReader(new InputStreamReader(socket.getInputStream, UTF_8))
    try Iterator.continually(in.readLine()).takeWhile(_ != null).foreach(line => handle(new Request(Json.parse(line), this)))
    catch { case _: java.io.IOException => () }
  }

  def send(message: ObjectNode): Unit = out.synchronized {
    out.write((message.toString + "\n").getBytes(UTF_8))
    out.flush()
  }
}

private[embedded] object Channel {
  def connect(port: Int, secret: String): Channel = {
    val socket = new Socket(InetAddress.getLoopbackAddress, port)
    socket.setTcpNoDelay(true)
    val channel = new Channel(socket)
    channel.send(Json.obj("secret" -> secret))
    channel
  }
}

/** One line from the server, to be answered exactly once, from any thread. */
private[embedded] final class Request(message: JsonNode, channel: Channel) {
  val method: String = message.get("method").asText

  /** A parameter; null where the server sent none. */
  def apply(name: String): String = Option(message.get(name)).filterNot(_.isNull).map(_.asText).orNull

  def int(name: String): Int = message.get(name).asInt

  def list(name: String): Seq[String] = message.get(name).elements.asScala.map(_.asText).toSeq

  def texts(name: String): Map[String, String] = message.get(name).properties.asScala.map(entry => entry.getKey -> entry.getValue.asText).toMap

  def answer(result: ObjectNode): Unit = reply(_.set[ObjectNode]("result", result))

  def fail(reason: String): Unit = reply(_.put("error", reason))

  /** Answers with what `body` makes, on a thread of its own, so that the channel stays open for a cancel meanwhile. */
  def inBackground(body: => ObjectNode): Unit = {
    val thread = new Thread(() =>
      try answer(body)
      catch { case thrown: Throwable => fail(thrown.toString) }, s"request-$method")
    thread.setDaemon(true)
    thread.start()
  }

  private def reply(fill: ObjectNode => ObjectNode): Unit = {
    val line = Json.obj()
    line.set[JsonNode]("id", message.get("id"))
    fill(line)
    channel.send(line)
  }
}
