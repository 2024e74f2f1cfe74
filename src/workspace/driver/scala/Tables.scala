package org.apache.spark.embedded

import com.fasterxml.jackson.core.{JsonFactory, JsonGenerator}
import com.fasterxml.jackson.databind.node.ObjectNode
import java.io.StringWriter
import java.time.{Instant, LocalDate, ZoneOffset}
import java.time.format.DateTimeFormatter
import java.time.temporal.ChronoUnit
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{Cast, Literal, SpecializedGetters}
import org.apache.spark.sql.classic.Dataset
import org.apache.spark.sql.execution.SQLExecution
import org.apache.spark.sql.types._

/**
 * Rows as API 1.2 sends them (values as in notebook exports): the one encoder for all languages.
 * It reads Catalyst's own values, before they become Java objects: dates of any century and longs stay exact.
 */
private[embedded] object Tables {
  private val factory = new JsonFactory
  private val timestamp = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS").withZone(ZoneOffset.UTC)

  def of(data: Dataset[_]): ObjectNode = {
    val limited = data.limit(Limits.tableRows + 1).queryExecution
    val rows = SQLExecution.withNewExecutionId(limited, Some("display"))(limited.executedPlan.executeCollect())
    val schema = data.schema
    val table = Json.obj("kind" -> "table")
    val columns = table.putArray("columns")
    schema.foreach { field =>
      columns.add(Json.obj("name" -> field.name, "type" -> field.dataType.json, "hiveType" -> field.dataType.catalogString,
        "metadata" -> field.metadata.json))
    }
    var characters = 0L
    val shown = rows.iterator.take(Limits.tableRows).map(encode(_, schema)).takeWhile { row =>
      characters += row.length
      characters <= Limits.tableCharacters
    }.toSeq
    if (shown.isEmpty && rows.nonEmpty)
      throw new IllegalArgumentException(s"The first row is larger than a result may be (${Limits.tableCharacters / 1000000} MB): select less of it.")
    table.put("rows", shown.mkString("[", ",", "]"))
    table.put("truncated", shown.length < rows.length)
    table
  }

  private def encode(row: InternalRow, schema: StructType): String = {
    val text = new StringWriter
    val json = factory.createGenerator(text)
    struct(json, row, schema)
    json.close()
    text.toString
  }

  private def struct(json: JsonGenerator, row: InternalRow, schema: StructType): Unit = {
    json.writeStartArray()
    schema.fields.indices.foreach(i => value(json, row, i, schema(i).dataType))
    json.writeEndArray()
  }

  private def value(json: JsonGenerator, from: SpecializedGetters, i: Int, dataType: DataType): Unit =
    if (from.isNullAt(i)) json.writeNull()
    else dataType match {
      case BooleanType => json.writeBoolean(from.getBoolean(i))
      case ByteType => json.writeNumber(from.getByte(i).toInt)
      case ShortType => json.writeNumber(from.getShort(i).toInt)
      case IntegerType => json.writeNumber(from.getInt(i))
      case LongType => json.writeNumber(from.getLong(i))
      case FloatType => number(json, from.getFloat(i), json.writeNumber(_: Float))
      case DoubleType => number(json, from.getDouble(i), json.writeNumber(_: Double))
      case decimal: DecimalType => json.writeString(from.getDecimal(i, decimal.precision, decimal.scale).toJavaBigDecimal.toPlainString)
      case _: StringType => json.writeString(from.getUTF8String(i).toString)
      case BinaryType => json.writeBinary(from.getBinary(i))
      case DateType => json.writeString(LocalDate.ofEpochDay(from.getInt(i).toLong).toString)
      case TimestampType => json.writeString(timestamp.format(instant(from.getLong(i))) + "Z")
      case TimestampNTZType => json.writeString(timestamp.format(instant(from.getLong(i))))
      case NullType => json.writeNull()
      case fields: StructType => struct(json, from.getStruct(i, fields.length), fields)
      case ArrayType(element, _) =>
        val array = from.getArray(i)
        json.writeStartArray()
        (0 until array.numElements()).foreach(value(json, array, _, element))
        json.writeEndArray()
      case MapType(keyType, valueType, _) =>
        val map = from.getMap(i)
        json.writeStartObject()
        (0 until map.numElements()).foreach { entry =>
          json.writeFieldName(spelled(map.keyArray().get(entry, keyType), keyType))
          value(json, map.valueArray(), entry, valueType)
        }
        json.writeEndObject()
      case custom: UserDefinedType[_] => value(json, from, i, custom.sqlType)
      case other => json.writeString(spelled(from.get(i, other), other))
    }

  /** JSON has no NaN and no infinity. */
  private def number[N](json: JsonGenerator, value: N, write: N => Unit)(implicit numeric: Numeric[N]): Unit = {
    val double = numeric.toDouble(value)
    if (double.isNaN || double.isInfinite) json.writeString(double.toString) else write(value)
  }

  private def instant(micros: Long): Instant = Instant.EPOCH.plus(micros, ChronoUnit.MICROS)

  /** Spark's own text of a value: `CAST(value AS STRING)`. */
  private def spelled(value: Any, dataType: DataType): String =
    String.valueOf(Cast(Literal(value, dataType), StringType, Some("UTC")).eval())
}
