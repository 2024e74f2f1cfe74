package org.apache.spark.embedded

import java.io.{BufferedReader, File, InputStreamReader}
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.{Files, Path}

/**
 * The program of a cluster: one Spark driver, steered by the workspace server over a loopback socket.
 * Where to connect, and the secret to show there, come as one JSON line on stdin: arguments and environment can be read by others.
 */
object Main {
  def main(args: Array[String]): Unit = {
    OutOfMemory.endsProcess()
    Output.install()
    val invitation = Json.parse(new BufferedReader(new InputStreamReader(System.in, UTF_8)).readLine())
    val channel = Channel.connect(invitation.get("port").asInt, invitation.get("secret").asText)
    val methods = new Methods(channel)
    channel.serve(methods)
    methods.removeScratch()
    // The server is gone, and with it everyone who could want an orderly end.
    Runtime.getRuntime.halt(0)
  }
}

/** What the server may ask for, by name. `start` comes first and once. */
private final class Methods(channel: Channel) extends (Request => Unit) {
  @volatile private var scratch: Option[Path] = None
  @volatile private var workers: Option[Workers] = None
  private val contexts = new Contexts

  def apply(request: Request): Unit = request.method match {
    case "start" => request.inBackground { start(request); Json.obj() }
    case "open" => request.inBackground { contexts.open(request("context")).prepare(request("language")); Json.obj() }
    case "execute" =>
      contexts.find(request("context")) match {
        case Some(context) => context.execute(request("command"), request("language"), request("code"))(request.answer)
        case None => request.fail(s"There is no context ${request("context")} in this driver.")
      }
    case "gateway" => request.inBackground(contexts(request("context")).gateway())
    case "resolve" => request.inBackground {
      Json.list("jars", Maven.resolve(request("coordinates"), request.list("exclusions"), request("repo"), new File(request("ivy")).toPath))
    }
    case "addJars" => request.inBackground { contexts.add(request.list("jars").map(new File(_))); Json.obj() }
    case "cancel" => request.inBackground { contexts.cancel(request("context"), request("command")); Json.obj() }
    case "resize" => request.inBackground { workers.foreach(_.resize(request.int("workers"))); Json.obj() }
    case "close" => request.inBackground { contexts.close(request("context")); Json.obj() }
    case other => request.fail(s"The driver knows no method $other.")
  }

  private def start(request: Request): Unit = {
    val directory = new File(request("scratch")).toPath
    scratch = Some(directory)
    // Must be this thread's loader before the SparkContext exists: executors, results and every Scala context then see the same classes.
    ReplClasses.install(Files.createDirectories(directory.resolve("classes")))
    val (master, numWorkers) = (request("master"), request.int("workers"))
    val paths = Paths(directory, dbfs = request("dbfs"), jar = request("jar"))
    contexts.start {
      val session = Spark.start(master, numWorkers, request.texts("conf"), paths)
      workers = Some(Workers.of(session.sparkContext, master, numWorkers))
      session
    }
  }

  def removeScratch(): Unit = scratch.foreach { directory =>
    if (Files.exists(directory)) org.apache.spark.util.Utils.deleteRecursively(directory.toFile)
  }
}
