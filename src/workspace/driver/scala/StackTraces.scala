package org.apache.spark.embedded

/** Stack traces as a user wants them: without the interpreter that called the cell. */
private[embedded] object StackTraces {
  /** What the interpreter puts around the code of a cell. */
  private val wrappers = raw"\$$line\d+\.\$$read(\$$\$$iw)*[.$$]".r

  def trimmed(thrown: Throwable): String = {
    val text = new StringBuilder
    var current = thrown
    var depth = 0
    while (current != null && depth < 20) {
      if (depth > 0) text.append("Caused by: ")
      text.append(current.toString).append('\n')
      val frames = current.getStackTrace
      val own = frames.takeWhile(frame => !internal(frame))
      own.foreach(frame => text.append("  at ").append(frame).append('\n'))
      if (own.length < frames.length) text.append(s"  ... ${frames.length - own.length} elided\n")
      current = if (current.getCause eq current) null else current.getCause
      depth += 1
    }
    wrappers.replaceAllIn(text.toString, "").stripTrailing
  }

  private def internal(frame: StackTraceElement): Boolean = {
    val name = frame.getClassName
    (name.startsWith("$line") && (frame.getMethodName == "<init>" || frame.getMethodName == "<clinit>")) ||
    name.startsWith("org.apache.spark.embedded.") || name.startsWith("scala.tools.nsc.")
  }
}
