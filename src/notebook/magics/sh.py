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

    shell = shutil.which("bash") or "/bin/sh"
    process = subprocess.Popen(
        [shell, *argument["flags"], "-c", argument["script"]],
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
    print(argument["boundary"] + str(code))
