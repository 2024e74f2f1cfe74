package org.apache.spark.embedded

/** A cancel is an interrupt of the thread that runs the command, which code that never blocks does not notice by itself. */
private[embedded] object Interrupts {
  def check(): Unit = if (Thread.interrupted()) throw new InterruptedException("The command was cancelled.")
}
