def _databricks_kernel(argument):
    """Runs a shell script on the driver and prints its output as it comes, stderr among stdout.

    argument: {"script": str, "flags": [str], "boundary": str}. The last thing printed is the boundary and the exit code: the API
    has no field for one, and an exception would cost the output. Whatever ends this function early ends the script's whole process group.
    """
    globals().pop("_databricks_kernel")
    import codecs
    import os
    import shutil
    import signal
    import subprocess
    import sys
    import tempfile

    shell = shutil.which("bash") or "/bin/sh"
    script = argument["script"].encode("utf-8", "surrogatepass")
    # Linux takes no argument of 128 KiB.
    file = tempfile.NamedTemporaryFile(prefix="cell-", suffix=".sh") if len(script) > 100_000 else None
    if file:
        file.write(script)
        file.flush()
    process = subprocess.Popen(
        [shell, *argument["flags"], *([file.name] if file else ["-c", script])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        for chunk in iter(lambda: process.stdout.read1(65536), b""):
            sys.stdout.write(decoder.decode(chunk))
        sys.stdout.write(decoder.decode(b"", True))
        code = process.wait()
    except BaseException:
        for signum in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, signum)
                process.wait(1)
            except subprocess.TimeoutExpired:
                continue
            except ProcessLookupError:
                break
        raise
    finally:
        process.stdout.close()
        if file:
            file.close()
    print(argument["boundary"] + str(code))
