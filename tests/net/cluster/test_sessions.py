import socket

import pytest

from net.cluster.member import Member
from net.cluster.sessions import config_within, serve


def test_sessions_see_the_parameter_servers_and_this_process_alone():
    config = config_within(Member({"chief": ("a:1",), "worker": ("b:2",), "ps": ("c:3",)}, "worker", 0), 3)
    assert list(config.device_filters) == ["/job:ps", "/job:worker/task:0"]
    assert config.intra_op_parallelism_threads == config.inter_op_parallelism_threads == 3


def test_an_address_that_is_taken_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        member = Member({"chief": (host,), "worker": (), "ps": ("127.0.0.1:1",)}, "chief", 0)
        with pytest.raises(ValueError, match=f"TF_CONFIG: found that chief 0 cannot serve at {host}"):
            serve(member)
