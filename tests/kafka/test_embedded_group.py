"""A consumer group on the embedded broker, with the client as it is mended for it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import NewTopic
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.protocol.group import LeaveGroupRequest

from streams.kafka import clients
from streams.kafka.embedded import EmbeddedBroker, mend_client
from tests.kafka.tools import settings_for, until

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(180)]


async def test_members_that_go_and_come_leave_a_group_that_works(
    embedded_broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever goes may have been the leader. Where it said goodbye, plain members stood still for minutes in two of two
    runs of eight such changes; and none of ours may say it, or which one leads would decide.
    """
    for owner, name in ((Fetcher, "_proc_offset_request"), (GroupCoordinator, "_maybe_leave_group")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # undone at the end, as what is mended here
    asked: list[Any] = []
    send = GroupCoordinator._send_req

    async def seen(self: Any, request: Any) -> Any:
        asked.append(request)
        return await send(self, request)

    monkeypatch.setattr(GroupCoordinator, "_send_req", seen)
    mend_client()
    async with clients.admin(settings_for(embedded_broker.servers, embedded=True, folder=tmp_path)) as admin:
        await admin.create_topics([NewTopic("changes", 4, 1)])

    async def member() -> AIOKafkaConsumer:
        made = AIOKafkaConsumer(
            "changes",
            bootstrap_servers=embedded_broker.servers,
            group_id="changes",
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
        )
        await made.start()
        return made

    members = [await member(), await member()]

    async def all_given() -> bool:
        given = sorted(tp.partition for one in members for tp in one.assignment())
        return given == [0, 1, 2, 3] and all(one.assignment() for one in members)

    await until(all_given, 60, "every partition with one of two members")
    for _ in range(3):
        gone = members.pop(0)
        joining = asyncio.create_task(member())
        await asyncio.sleep(0.2)
        await gone.stop()
        members.append(await joining)
        await until(all_given, 60, "every partition with one of two members, after one went and one came")
    for one in members:
        await one.stop()
    assert asked, "the spy must have seen the group's requests"
    assert not [one for one in asked if isinstance(one, LeaveGroupRequest)]
