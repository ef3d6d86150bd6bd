"""The peer of the training benchmark: a LoRA step of the same model written by hand in PyTorch (autograd, AdamW).

torch_lora.py BASE THREADS float32|bfloat16 BATCH TIME ANSWER SECONDS RANK
Frozen weights and activations are in the named type, LoRA matrices and AdamW's state in float32; the loss and its head are
computed for answer tokens only. Prints JSON: tokens per second of the best step and of the median one.
"""
import json, math, struct, sys, time
import numpy as np
import torch
import torch.nn.functional as F

folder, threads, kind, batch, length, answer, seconds, rank = sys.argv[1:9]
threads, batch, length, answer, seconds, rank = int(threads), int(batch), int(length), int(answer), float(seconds), int(rank)
torch.set_num_threads(threads)
dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[kind]
config = json.load(open(folder + "/config.json"))
heads, kv, dim = config["num_attention_heads"], config["num_key_value_heads"], config["hidden_size"]
width = config.get("head_dim") or dim // heads


def read(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(size)), file.read()
    tensors = {}
    for name, about in header.items():
        if name == "__metadata__":
            continue
        start, end = about["data_offsets"]
        if about["dtype"] == "BF16":
            raw = np.frombuffer(data[start:end], np.uint16).astype(np.uint32) << 16
            array = raw.view(np.float32)
        else:
            array = np.frombuffer(data[start:end], {"F32": np.float32, "F16": np.float16}[about["dtype"]]).astype(np.float32)
        tensors[name] = torch.from_numpy(array.copy()).view(about["shape"]).to(dtype)
    return tensors


weights = read(folder + "/model.safetensors")
head = weights.get("lm_head.weight", weights["model.embed_tokens.weight"])
generator = torch.Generator().manual_seed(1)
lora = {}
for name, tensor in weights.items():
    if name.endswith("_proj.weight"):
        out, inner = tensor.shape
        a = (torch.rand(rank, inner, generator=generator) * 2 - 1) / math.sqrt(inner)
        lora[name[:-7]] = (a.requires_grad_(), torch.zeros(out, rank).requires_grad_())
angles = torch.outer(torch.arange(length).double(), config.get("rope_theta", 1e4) ** (-torch.arange(0, width, 2).double() / width))
angles = torch.cat((angles, angles), -1)
cos, sin = angles.cos().to(dtype), angles.sin().to(dtype)
mask = torch.full((length, length), float("-inf")).triu(1).to(dtype)
scale = 16 / rank


def linear(x, path):
    a, b = lora[path]
    return x @ weights[path + ".weight"].t() + (x @ a.to(dtype).t()) @ (b.to(dtype).t() * scale)


def norm(x, path):
    wide = x.float()
    return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"])).to(dtype) * weights[path + ".weight"]


def turn(x):
    half = width // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


def hidden(ids):
    x = weights["model.embed_tokens.weight"][ids]
    count, time_steps = ids.shape
    for layer in range(config["num_hidden_layers"]):
        path = f"model.layers.{layer}."
        h = norm(x, path + "input_layernorm")
        q, k, v = (linear(h, path + f"self_attn.{n}_proj").view(count, time_steps, -1, width).transpose(1, 2) for n in "qkv")
        q, k = turn(q), turn(k)
        k, v = k.repeat_interleave(heads // kv, 1), v.repeat_interleave(heads // kv, 1)
        p = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(width) + mask, -1)
        x = x + linear((p @ v).transpose(1, 2).reshape(count, time_steps, -1), path + "self_attn.o_proj")
        h = norm(x, path + "post_attention_layernorm")
        x = x + linear(F.silu(linear(h, path + "mlp.gate_proj")) * linear(h, path + "mlp.up_proj"), path + "mlp.down_proj")
    return norm(x, "model.norm")


parameters = [matrix for pair in lora.values() for matrix in pair]
optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01)
tokens = torch.randint(5, config["vocab_size"], (batch, length + 1), generator=generator)


def step():
    optimiser.zero_grad(set_to_none=True)
    rows = hidden(tokens[:, :-1])[:, -answer:].reshape(-1, dim)
    loss = F.cross_entropy((rows @ head.t()).float(), tokens[:, -answer:].reshape(-1))
    loss.backward()
    optimiser.step()
    return loss.item()


losses, times = [], []
began = time.perf_counter()
while time.perf_counter() - began < seconds or len(times) < 4:
    start = time.perf_counter()
    losses.append(step())
    times.append(time.perf_counter() - start)
times = sorted(times[1:])
print(json.dumps({
    "torch": torch.__version__, "type": kind, "threads": threads, "losses": losses[:3],
    "best": batch * length / times[0], "median": batch * length / times[len(times) // 2],
}))
