"""Do several web processes share the connections that come at once?"""

import socket
import subprocess
import sys
import time
from collections import Counter

SERVES = """
import asyncio, os, socket, sys
from service.web.taking import EvenLoop

async def serve():
    class Says(asyncio.Protocol):
        def connection_made(self, line):
            line.write(str(os.getpid()).encode())
    listener = socket.socket(fileno=int(sys.argv[1]))
    door = await asyncio.get_running_loop().create_server(Says, sock=listener)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    door.close()
    await door.wait_closed()

with asyncio.Runner(loop_factory=EvenLoop) as runner:
    runner.run(serve())
"""
TOGETHER = 40


def test_connections_that_come_at_once_are_shared_and_outlive_a_process_that_dies() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=2 * TOGETHER) as listener:
        processes = [_start(listener.fileno()) for _ in range(2)]
        try:
            answers = Counter(_ask_together(listener.getsockname()))
            assert set(answers) == {str(process.pid) for process in processes}
            assert min(answers.values()) >= TOGETHER // 3, answers

            processes[0].kill()
            processes[0].wait()
            assert set(_ask_together(listener.getsockname())) == {str(processes[1].pid)}
        finally:
            for process in processes:
                process.communicate(timeout=10)
    assert processes[1].returncode == 0


def _start(descriptor: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SERVES, str(descriptor)],
        pass_fds=(descriptor,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _ask_together(address: tuple[str, int]) -> list[str]:
    """Open all lines before any is answered, as a browser's crowd would, and return who answered each."""
    lines = [socket.create_connection(address, timeout=10) for _ in range(TOGETHER)]
    try:
        return [line.recv(20).decode() for line in lines]
    finally:
        for line in lines:
            line.close()
        time.sleep(0.01)
