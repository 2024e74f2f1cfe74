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
      text.append(Told.name(current)).append('\n')
      val frames = Told.frames(current)
      val own = frames.takeWhile(frame => !internal(frame))
      own.foreach(frame => text.append("  at ").append(frame).append('\n'))
      if (own.length < frames.length) text.append(s"  ... ${frames.length - own.length} elided\n")
      val cause = Told.cause(current)
      current = if (cause eq current) null else cause
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

/** What an exception tells of itself. Its class may be a user's, whose methods can fail in any way: then it has nothing to tell. */
private[embedded] object Told {
  def message(thrown: Throwable): String = told(thrown.getMessage).getOrElse("")
  /** With the message, if possible. */
  def name(thrown: Throwable): String = told(thrown.toString).getOrElse(thrown.getClass.getName)
  def frames(thrown: Throwable): Array[StackTraceElement] = told(thrown.getStackTrace).getOrElse(Array.empty)
  def cause(thrown: Throwable): Throwable = told(thrown.getCause).orNull

  private def told[A](tell: => A): Option[A] =
    try Option(tell)
    catch { case _: Throwable => None }
}
