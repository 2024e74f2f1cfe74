package org.apache.spark.embedded

import java.io.{ByteArrayOutputStream, OutputStream, PrintStream}
import java.nio.charset.StandardCharsets.UTF_8

/**
 * Printed text goes to the command that runs on the printing thread, or on the thread that started it, and to the log where no command runs.
 * Scala's Console takes System.out as it finds it, so one place catches both, in the order of printing.
 */
private[embedded] object Output {
  private val current = new InheritableThreadLocal[Capture]

  def install(): Unit = {
    Log.configure()
    System.setOut(routed(System.err))
    System.setErr(routed(System.err))
  }

  def during[A](capture: Capture)(body: => A): A = {
    current.set(capture)
    try body
    finally {
      current.remove()
      capture.close()
    }
  }

  private def routed(log: PrintStream): PrintStream = new PrintStream(new OutputStream {
    override def write(byte: Int): Unit = target.write(byte)
    override def write(bytes: Array[Byte], offset: Int, length: Int): Unit = target.write(bytes, offset, length)
    override def flush(): Unit = target.flush()
    private def target: OutputStream = Option(current.get).filter(_.isOpen).getOrElse(log)
  }, true, UTF_8)
}

/** What one command prints, up to a limit. */
private[embedded] final class Capture extends OutputStream {
  private val kept = new ByteArrayOutputStream
  @volatile private var open = true

  def isOpen: Boolean = open

  override def close(): Unit = open = false

  override def write(byte: Int): Unit = write(Array(byte.toByte), 0, 1)

  override def write(bytes: Array[Byte], offset: Int, length: Int): Unit = synchronized {
    kept.write(bytes, offset, math.min(length, Limits.textBytes - kept.size))
  }

  def text: String = synchronized(kept.toString(UTF_8).stripSuffix("\n"))
}
