import asyncio
from temporalio.client import Client, WorkflowFailureError

async def main():
    client = await Client.connect("127.0.0.1:7233")
    start = lambda spec: client.start_workflow("streamJob", spec, id="from-python", task_queue="tidemark")
    spec = {"definition": "temperatures", "args": {"output": "data/from-python"}, "checkpointing": {"interval": "1s"}}
    job = await start({**spec, "restore": {"from": "none"}})
    await asyncio.sleep(5)
    print((await job.query("status"))["latest"])
    await job.signal("cancel", "RETAIN")
    try:
        await job.result()
    except WorkflowFailureError as failure:
        print(failure.cause)  # Workflow cancelled
    job = await start({**spec, "restore": {"from": "latest"}})
    await asyncio.sleep(5)
    print((await job.query("status"))["restoredFrom"])
    await job.cancel()  # what is kept now follows the job's policy

asyncio.run(main())
