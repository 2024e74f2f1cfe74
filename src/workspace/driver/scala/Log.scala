package org.apache.spark.embedded

import org.apache.logging.log4j.Level
import org.apache.logging.log4j.core.config.Configurator
import org.apache.spark.internal.Logging

/** Warnings and worse go to stderr, which the server has pointed at the log file. */
private[embedded] object Log extends Logging {
  /** To be called while System.err is still the process's own: log4j keeps the stream that it finds. */
  def configure(): Unit = {
    initializeLogIfNecessary(isInterpreter = false)
    Configurator.setRootLevel(Level.WARN)
    // Each cancelled task is a warning, and a cancel is nothing to warn about.
    Configurator.setLevel("org.apache.spark.scheduler.TaskSetManager", Level.ERROR)
    // Each context has a pool of its own, of which Spark warns.
    Configurator.setLevel("org.apache.spark.scheduler.FairSchedulableBuilder", Level.ERROR)
  }
}
