package org.apache.spark.embedded

import java.nio.charset.StandardCharsets.UTF_8
import org.apache.hadoop.fs.{FileSystem, FileUtil, LocalFileSystem, Path}
import org.apache.spark.sql.classic.SparkSession

/** Files, by Hadoop path; without a scheme a path is one of `dbfs:/`. */
final class DbutilsFs(session: SparkSession) {
  def ls(path: String): Seq[FileInfo] = list(path).toSeq

  /** For Python, which knows arrays. */
  def list(path: String): Array[FileInfo] = {
    val where = at(path)
    where.system.listStatus(where.path).sortBy(_.getPath.getName).map { status =>
      val slash = if (status.isDirectory) "/" else ""
      FileInfo(status.getPath.toString + slash, status.getPath.getName + slash, status.getLen, status.getModificationTime)
    }
  }

  def mkdirs(path: String): Boolean = at(path).make()

  def put(path: String, contents: String, overwrite: Boolean = false): Boolean = {
    val where = at(path)
    val out = where.system.create(where.path, overwrite)
    try out.write(contents.getBytes(UTF_8))
    finally out.close()
    true
  }

  def head(path: String, maxBytes: Int = 65536): String = {
    val where = at(path)
    val in = where.system.open(where.path)
    try new String(in.readNBytes(maxBytes), UTF_8)
    finally in.close()
  }

  def rm(path: String, recurse: Boolean = false): Boolean = {
    val where = at(path)
    where.system.delete(where.path, recurse)
  }

  def cp(from: String, to: String, recurse: Boolean = false): Boolean = copy(from, to, recurse, move = false)

  def mv(from: String, to: String, recurse: Boolean = false): Boolean = copy(from, to, recurse, move = true)

  private def copy(from: String, to: String, recurse: Boolean, move: Boolean): Boolean = {
    val (source, target) = (at(from), at(to))
    if (source.isDirectory && !recurse)
      throw new IllegalArgumentException(s"${source.path} is a directory: say recurse=true to take all of it.")
    // Hadoop would empty such a file before it reads it, and copy such a directory for ever.
    if (source.holds(if (target.exists && target.isDirectory) target.in(source.path.getName) else target))
      throw new IllegalArgumentException(
        s"${source.path} cannot be ${if (move) "moved" else "copied"} to ${target.path}: that is the same place, or one in it.")
    FileUtil.copy(source.system, source.path, target.system, target.path, move, session.sessionState.newHadoopConf())
  }

  private def at(path: String): Place = {
    val whole = new Path(path)
    val qualified = if (whole.toUri.getScheme == null) new Path("dbfs", null, if (path.startsWith("/")) path else s"/$path") else whole
    Place(qualified.getFileSystem(session.sessionState.newHadoopConf()), qualified)
  }
}

final case class FileInfo(path: String, name: String, size: Long, modificationTime: Long) {
  def isDir: Boolean = name.endsWith("/")
}

private final case class Place(system: FileSystem, path: Path) {
  def make(): Boolean = system.mkdirs(path)
  def exists: Boolean = system.exists(path)
  def isDirectory: Boolean = system.getFileStatus(path).isDirectory
  def in(name: String): Place = copy(path = new Path(path, name))

  /** Whether the other one is this one, or lies in it, by whatever names. */
  def holds(other: Place): Boolean = other.canonical == canonical || other.canonical.startsWith(s"$canonical/")

  private def canonical: String = system match {
    case dbfs: Dbfs => dbfs.file(path).getPath
    case local: LocalFileSystem => local.pathToFile(path).getCanonicalPath
    case _ => system.makeQualified(path).toString
  }
}
