package org.apache.spark.embedded

import java.io.{File, PrintStream, RandomAccessFile}
import java.net.{Authenticator, PasswordAuthentication, URI, URL}
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.{Files, Path}
import java.security.KeyStore
import java.security.cert.CertificateFactory
import java.util.zip.ZipFile
import javax.net.ssl.{HttpsURLConnection, SSLContext, TrustManagerFactory, X509TrustManager}
import org.apache.spark.SparkContext
import org.apache.spark.util.MavenUtils
import scala.jdk.CollectionConverters._
import scala.util.Using

/** The jars that came to this driver after its start, in the order in which they came. */
private[embedded] object Jars {
  @volatile private var urls = Vector.empty[URL]

  /** An interpreter that has seen the first n of them catches up with the rest. */
  def added: Vector[URL] = urls

  /** To the loader that contexts, sessions and Python's gateways share, and to executors elsewhere. */
  def add(jars: Seq[File], spark: SparkContext): Unit = synchronized {
    val fresh = jars.filterNot(jar => urls.contains(jar.toURI.toURL))
    // One that is no jar would be in the way of all that come later.
    fresh.foreach(new ZipFile(_).close())
    fresh.foreach { jar =>
      spark.addJar(jar.getPath)
      ReplClasses.loader.addURL(jar.toURI.toURL)
    }
    urls = urls ++ fresh.map(_.toURI.toURL)
  }
}

/** Finds Maven artifacts and what they depend on, with Spark's own Ivy. */
private[embedded] object Maven {
  /** The jars, downloaded to `ivy`. Fails with Ivy's words for what it did not find. */
  def resolve(coordinates: String, exclusions: Seq[String], repository: String, ivy: Path): Seq[String] = alone(Files.createDirectories(ivy)) {
    Certificates.trustMore
    val address = Option(repository).map(RepositoryLogins.withoutLogin)
    val report = new Capture
    implicit val printed: PrintStream = new PrintStream(report, true, UTF_8)
    try Output.during(report) {
      val settings = MavenUtils.buildIvySettings(address, Some(ivy.toString))
      MavenUtils.resolveMavenCoordinates(coordinates, settings, None, transitive = true, exclusions)
    } catch {
      case failure: RuntimeException =>
        System.err.println(report.text)
        throw new RuntimeException((failure.getMessage.stripPrefix("[").stripSuffix("]") +: unreachable(report.text)).mkString("\n"), failure)
    }
  }

  /** What a report says of servers that did not answer, once each: "not found" alone would be half of the truth. */
  private def unreachable(report: String): Seq[String] = {
    val lines = report.linesIterator.map(_.trim).filter(line => line.startsWith("Server access error") || line.startsWith("Host ")).toSeq
    lines.distinctBy("https?://[^/]+".r.findFirstIn(_))
  }

  /** Ivy's cache is made for one process at a time, and other drivers share this one. */
  private def alone[A](ivy: Path)(body: => A): A = synchronized {
    val file = new RandomAccessFile(ivy.resolve("lock").toFile, "rw")
    try {
      file.getChannel.lock()
      body
    } finally file.close()
  }
}

/** User names and passwords that stood in repositories' addresses, for Java to show where it is asked for them. */
private[embedded] object RepositoryLogins extends Authenticator {
  private val logins = new java.util.concurrent.ConcurrentHashMap[String, PasswordAuthentication]

  /** The address alone: Java ignores what stands before the @, but reports print it. */
  def withoutLogin(address: String): String = {
    val uri = new URI(address)
    Option(uri.getUserInfo).fold(address) { login =>
      val Array(user, password) = login.split(":", 2).padTo(2, "")
      logins.put(uri.getHost, new PasswordAuthentication(user, password.toCharArray))
      Authenticator.setDefault(this)
      new URI(uri.getScheme, null, uri.getHost, uri.getPort, uri.getPath, uri.getQuery, null).toString
    }
  }

  override protected def getPasswordAuthentication: PasswordAuthentication = logins.get(getRequestingHost)
}

/** HTTPS as the user's other programs have it: the certificate authorities that curl, pip and Node.js are told of count here, too. */
private[embedded] object Certificates {
  lazy val trustMore: Unit = Seq("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS").flatMap(sys.env.get).map(Path.of(_))
    .find(Files.isRegularFile(_)).foreach { file =>
      val store = KeyStore.getInstance(KeyStore.getDefaultType)
      store.load(null, null)
      val own = trustOf(null).flatMap(_.getAcceptedIssuers)
      val more = Using.resource(Files.newInputStream(file))(CertificateFactory.getInstance("X.509").generateCertificates(_).asScala)
      for ((certificate, number) <- (own ++ more).zipWithIndex) store.setCertificateEntry(number.toString, certificate)
      val context = SSLContext.getInstance("TLS")
      context.init(null, trustOf(store).toArray, null)
      HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory)
    }

  /** Without a store: Java's own. */
  private def trustOf(store: KeyStore): Seq[X509TrustManager] = {
    val factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm)
    factory.init(store)
    factory.getTrustManagers.toSeq.collect { case manager: X509TrustManager => manager }
  }
}
