import asyncio
from temporalio.client import Client, WorkflowFailureError

async def main():
    client = await Client.connect("127.0.0.1:7233")
    spec = {"definition": "temperatures", "checkpointing": {"interval": "1s"}}
    job = await client.start_workflow("streamJob", spec, id="temperatures", task_queue="tidemark")
    await asyncio.sleep(5)
    print(await job.query("checkpoints"))
    await job.signal("cancel", "RETAIN")
    try:
        await job.result()
    except WorkflowFailureError as failure:
        print(failure.cause)  # Kept: chk-3, chk-4, chk-5 in file:///...
    spec["restore"] = {"from": "latest"}
    await client.start_workflow("streamJob", spec, id="temperatures", task_queue="tidemark")

asyncio.run(main())
