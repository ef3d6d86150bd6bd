"""The peer of `tributary quickstart`: the same tuning written by hand in PyTorch, as one does where PEFT is not there.

by_hand.py BASE JOB.json OUT THREADS
JOB.json: {recipe, training, heldOut}, examples as {tokens, answerStart}; the tokens stand in for the tokenizer's library.
LoRA on all linear layers, AdamW, one-cycle rate, padded batches, loss on the answers. Prints JSON.
"""
import json, math, struct, sys, time
import numpy as np
import torch
import torch.nn.functional as F

began = time.perf_counter()
folder, job, out, threads = sys.argv[1:5]
torch.set_num_threads(int(threads))
job = json.load(open(job))
recipe, training, held_out = job["recipe"], job["training"], job["heldOut"]
config = json.load(open(folder + "/config.json"))
heads, kv, dim = config["num_attention_heads"], config["num_key_value_heads"], config["hidden_size"]
width = config.get("head_dim") or dim // heads


def read(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__":
            start, end = about["data_offsets"]
            raw = np.frombuffer(data[start:end], np.uint16).astype(np.uint32) << 16
            tensors[name] = torch.from_numpy(raw.view(np.float32).copy()).view(about["shape"])
    return tensors


weights = read(folder + "/model.safetensors")
head = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
rank, scale = recipe["rank"], recipe["alpha"] / recipe["rank"]
generator = torch.Generator().manual_seed(recipe["seed"])
lora = {}
for name, tensor in weights.items():
    if name.endswith("_proj.weight"):
        rows, inner = tensor.shape
        a = (torch.rand(rank, inner, generator=generator) * 2 - 1) / math.sqrt(inner)
        lora[name[:-7]] = (a.requires_grad_(), torch.zeros(rows, rank).requires_grad_())
angles = torch.outer(torch.arange(512).double(), config.get("rope_theta", 1e4) ** (-torch.arange(0, width, 2).double() / width))
angles = torch.cat((angles, angles), -1)
cos, sin = angles.cos().float(), angles.sin().float()
mask = torch.full((512, 512), float("-inf")).triu(1)


def linear(x, path):
    a, b = lora[path]
    return x @ weights[path + ".weight"].t() + (x @ a.t()) @ (b.t() * scale)


def norm(x, path):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"]) * weights[path + ".weight"]


def turn(x):
    half, steps = width // 2, x.shape[-2]
    return x * cos[:steps] + torch.cat((-x[..., half:], x[..., :half]), -1) * sin[:steps]


def hidden(ids):
    x = weights["model.embed_tokens.weight"][ids]
    count, steps = ids.shape
    for layer in range(config["num_hidden_layers"]):
        path = f"model.layers.{layer}."
        h = norm(x, path + "input_layernorm")
        q, k, v = (linear(h, path + f"self_attn.{n}_proj").view(count, steps, -1, width).transpose(1, 2) for n in "qkv")
        q, k = turn(q), turn(k)
        k, v = k.repeat_interleave(heads // kv, 1), v.repeat_interleave(heads // kv, 1)
        p = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(width) + mask[:steps, :steps], -1)
        x = x + linear((p @ v).transpose(1, 2).reshape(count, steps, -1), path + "self_attn.o_proj")
        h = norm(x, path + "post_attention_layernorm")
        x = x + linear(F.silu(linear(h, path + "mlp.gate_proj")) * linear(h, path + "mlp.up_proj"), path + "mlp.down_proj")
    return norm(x, "model.norm")


def loss_of(examples, reduction):
    longest = max(len(e["tokens"]) for e in examples)
    ids = torch.full((len(examples), longest), config["pad_token_id"])
    wanted = torch.full((len(examples), longest), -100)
    for row, e in enumerate(examples):
        tokens = torch.tensor(e["tokens"])
        ids[row, : len(tokens)] = tokens
        wanted[row, e["answerStart"] : len(tokens)] = tokens[e["answerStart"] :]
    states, targets = hidden(ids[:, :-1]), wanted[:, 1:]
    real = targets != -100
    return F.cross_entropy(states[real] @ head.t(), targets[real], reduction=reduction), int(real.sum())


def held_out_loss():
    with torch.no_grad():
        parts = [loss_of(held_out[at : at + 8], "sum") for at in range(0, len(held_out), 8)]
    return sum(float(nats) for nats, _ in parts) / sum(count for _, count in parts)


before = held_out_loss()
parameters = [matrix for pair in lora.values() for matrix in pair]
optimiser = torch.optim.AdamW(parameters, lr=recipe["learningRate"], weight_decay=recipe["weightDecay"])
batch, epochs = recipe["batch"], recipe["epochs"]
steps = math.ceil(len(training) / batch) * epochs
schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe["learningRate"], total_steps=steps, pct_start=0.1, cycle_momentum=False)
trained = time.perf_counter()
for epoch in range(epochs):
    order = torch.randperm(len(training), generator=generator).tolist()
    for at in range(0, len(order), batch):
        optimiser.zero_grad(set_to_none=True)
        loss, _ = loss_of([training[index] for index in order[at : at + batch]], "mean")
        loss.backward()
        optimiser.step()
        schedule.step()
trained = time.perf_counter() - trained
after = held_out_loss()

header, data = {}, b""
for path, (a, b) in lora.items():
    for side, matrix in (("A", a), ("B", b)):
        raw = matrix.detach().numpy().tobytes()
        header[f"base_model.model.{path}.lora_{side}.weight"] = {
            "dtype": "F32", "shape": list(matrix.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
text = json.dumps(header).encode()
with open(out, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
print(json.dumps({"torch": torch.__version__, "steps": steps, "before": before, "after": after,
                  "trainingSeconds": trained, "seconds": time.perf_counter() - began, "cpuSeconds": time.process_time()}))
