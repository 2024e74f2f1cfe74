package org.apache.spark.embedded

import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
import com.fasterxml.jackson.databind.node.ObjectNode

/** The little JSON that the line protocol needs. */
private[embedded] object Json {
  private val mapper = new ObjectMapper()

  def parse(text: String): JsonNode = mapper.readTree(text)

  def obj(fields: (String, String)*): ObjectNode = {
    val node = mapper.createObjectNode()
    fields.foreach { case (name, value) => node.put(name, value) }
    node
  }

  def list(name: String, values: Seq[String]): ObjectNode = {
    val node = mapper.createObjectNode()
    val array = node.putArray(name)
    values.foreach(array.add(_))
    node
  }
}
