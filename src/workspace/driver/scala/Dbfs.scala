package org.apache.spark.embedded

import java.io.{File, FileNotFoundException}
import java.net.URI
import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileStatus, FileSystem, FSDataInputStream, FSDataOutputStream, Path, RawLocalFileSystem}
import org.apache.hadoop.fs.permission.FsPermission
import org.apache.hadoop.security.AccessControlException
import org.apache.hadoop.util.Progressable

/** `dbfs:/`, a directory of this machine, with no way out of it through `..` or links. */
final class Dbfs extends FileSystem {
  private val local = new RawLocalFileSystem
  private var root: File = _
  private var working = new Path("dbfs:/")

  override def initialize(name: URI, conf: Configuration): Unit = {
    super.initialize(name, conf)
    setConf(conf)
    val directory = new File(conf.get(Dbfs.rootKey))
    directory.mkdirs()
    root = directory.getCanonicalFile
    local.initialize(URI.create("file:///"), conf)
  }

  override def getScheme: String = "dbfs"
  override def getUri: URI = URI.create("dbfs:///")
  override def getWorkingDirectory: Path = working
  override def setWorkingDirectory(path: Path): Unit = working = makeQualified(path)

  override def open(path: Path, bufferSize: Int): FSDataInputStream = named(path)(local.open(inside(path), bufferSize))
  override def create(path: Path, permission: FsPermission, overwrite: Boolean, bufferSize: Int, replication: Short, blockSize: Long,
      progress: Progressable): FSDataOutputStream = local.create(inside(path), overwrite, bufferSize, replication, blockSize, progress)
  override def append(path: Path, bufferSize: Int, progress: Progressable): FSDataOutputStream = local.append(inside(path), bufferSize, progress)
  override def rename(from: Path, to: Path): Boolean = local.rename(inside(from), inside(to))
  override def delete(path: Path, recursive: Boolean): Boolean = local.delete(inside(path), recursive)
  override def mkdirs(path: Path, permission: FsPermission): Boolean = local.mkdirs(inside(path))
  override def listStatus(path: Path): Array[FileStatus] = named(path)(local.listStatus(inside(path))).map(outside)
  override def getFileStatus(path: Path): FileStatus = outside(named(path)(local.getFileStatus(inside(path))))

  /** A missing file goes by the name that the user knows it by. */
  private def named[A](path: Path)(found: => A): A =
    try found
    catch { case _: FileNotFoundException => throw new FileNotFoundException(s"There is no file ${makeQualified(path)}.") }

  /** The file of a path, if it lies below the root when all links on the way are followed. */
  def file(path: Path): File = {
    val file = new File(root, makeQualified(path).toUri.getPath).getCanonicalFile
    if (file != root && !file.toPath.startsWith(root.toPath)) throw new AccessControlException(s"$path leads out of dbfs:/.")
    file
  }

  private def inside(path: Path): Path = new Path(file(path).toURI)

  private def outside(status: FileStatus): FileStatus = {
    val relative = root.toPath.relativize(new File(status.getPath.toUri.getPath).toPath).toString
    new FileStatus(status.getLen, status.isDirectory, status.getReplication.toInt, status.getBlockSize, status.getModificationTime,
      status.getAccessTime, status.getPermission, status.getOwner, status.getGroup, new Path("dbfs", null, s"/$relative"))
  }
}

object Dbfs {
  /** Hadoop's setting for the directory behind `dbfs:/`. */
  val rootKey = "fs.dbfs.root"
}
