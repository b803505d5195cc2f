# What the experiments run in, without the code: a checkout is mounted, results stay outside.
#     docker build -t distilshift .
#     docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/distilshift" distilshift
# With GPUs: --gpus all before the image's name, --cores all --resources gpu=1 after it.
FROM python:3.12-slim-bookworm
WORKDIR /requirements
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt -c constraints.txt
# whoever runs it has no home here, and Snakemake keeps a cache in one
ENV HOME=/tmp
WORKDIR /distilshift
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]
