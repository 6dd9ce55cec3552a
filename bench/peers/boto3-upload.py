"""Uploads one file again and again, as AWS's command line does (its transfer manager is this one): a key from each line of stdin, then a line back.

Arguments: the endpoint, the bucket, the file, which is read before the first line is answered with "ready".
"""
import io
import sys

import boto3

endpoint, bucket, path = sys.argv[1:]
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
with open(path, "rb") as file:
    content = file.read()
print("ready", flush=True)
for line in sys.stdin:
    client.upload_fileobj(io.BytesIO(content), bucket, line.strip())
    print("done", flush=True)
