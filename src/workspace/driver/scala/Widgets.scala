package org.apache.spark.embedded

import java.util.concurrent.ConcurrentHashMap

/** Parameters of a notebook. Without a front end to change them, each keeps its default value. */
final class Widgets {
  private val values = new ConcurrentHashMap[String, String]

  def text(name: String, defaultValue: String, label: String = ""): Unit = values.putIfAbsent(name, defaultValue)
  def dropdown(name: String, defaultValue: String, choices: Seq[String], label: String = ""): Unit = choice(name, defaultValue, choices)
  def combobox(name: String, defaultValue: String, choices: Seq[String], label: String = ""): Unit = values.putIfAbsent(name, defaultValue)
  def multiselect(name: String, defaultValue: String, choices: Seq[String], label: String = ""): Unit = choice(name, defaultValue, choices)

  def get(name: String): String = Option(values.get(name)).getOrElse(
    throw new NoSuchElementException(s"There is no widget $name: create it first, for example with dbutils.widgets.text."))

  def remove(name: String): Unit = { get(name); values.remove(name) }
  def removeAll(): Unit = values.clear()

  /** For Python, whose lists are no Scala sequences. */
  def put(name: String, defaultValue: String): Unit = values.putIfAbsent(name, defaultValue)

  private def choice(name: String, defaultValue: String, choices: Seq[String]): Unit = {
    require(choices.contains(defaultValue), s"The default $defaultValue of the widget $name is not among its choices.")
    values.putIfAbsent(name, defaultValue)
  }
}
