package org.apache.spark.embedded

import java.io.{FileDescriptor, FileOutputStream}
import java.nio.charset.StandardCharsets.UTF_8

/**
 * A cell that wants more memory than there is fails, and the driver goes on. But where a thread dies of it (one that answers the server, or
 * one of Spark's), others would wait for it for ever: then the driver ends, with Spark's own exit code for this, and the next one begins anew.
 */
private[embedded] object OutOfMemory {
  private val exitCode = 52
  /** Made beforehand, and past the streams of cells: there is no memory any more when they are needed. */
  private val lastWords = "java.lang.OutOfMemoryError: a thread of the Spark driver has died of it, and the driver ends.\n".getBytes(UTF_8)
  private val log = new FileOutputStream(FileDescriptor.err)

  def endsProcess(): Unit = Thread.setDefaultUncaughtExceptionHandler { (thread, thrown) =>
    try {
      if (thrown.isInstanceOf[OutOfMemoryError]) throw thrown
      System.err.print(s"""Exception in thread "${thread.getName}" """)
      thrown.printStackTrace()
    } catch { case _: OutOfMemoryError => end() }
  }

  private def end(): Unit =
    try log.write(lastWords)
    finally Runtime.getRuntime.halt(exitCode)
}
