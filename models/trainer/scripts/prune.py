"""Prunes the 92-MMAC network to the 46-MMAC one: each layer is fitted by least squares to what it gave before.

usage: prune.py FACE8X-010.safetensors DATASET.f8x PRUNED.safetensors

The kernels' bytes may lie in channels-last order; the dataset is in one part. Needs numpy, torch and
safetensors; a minute on a processor.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
torch.manual_seed(0)
S = {k: v.float() for k, v in load_file(sys.argv[1]).items()}
# A phase of the upsampling convolutions uses 2x2 taps: the others are 0, or the bytes lie otherwise.
if S["u8.c.w"][::4, :, 2].any():
    for name, w in S.items():
        if w.dim() == 4:
            o, i = w.shape[:2]
            S[name] = w.reshape(o, 3, 3, i).permute(0, 3, 1, 2).contiguous()
b = np.memmap(sys.argv[2], np.uint8, "r")
CROP = 132 * 132 * 3 + (132 * 132 + 7) // 8 + 40
# The file ends with its index, that index's checksum and length, and eight magic bytes.
end = len(b) - 20
index = json.loads(b[end - int(b[-16:-8].view("<u8")[0]) : end].tobytes())
train = next(section for section in index["sections"] if section["split"] == "train")
CROPS = len(train["crops"])
L = CROPS * CROP + 128 * 128 + 40 + 4
rng = np.random.default_rng(0)
idx = rng.permutation(len(train["pictures"]))[:224]
hr = (
    torch.stack(
        [
            torch.from_numpy(
                b[i * L + (i % CROPS) * CROP :][: 132 * 132 * 3]
                .reshape(132, 132, 3)[2:130, 2:130]
                .copy()
            )
            for i in idx
        ]
    )
    .permute(0, 3, 1, 2)
    .float()
    / 255
)
lr = (
    F.interpolate(hr, size=(16, 16), mode="bicubic", antialias=True).clamp(0, 1) * 255
).round() / 255
base = F.interpolate(lr, scale_factor=8, mode="bilinear")
cv = lambda x, w, b, s=1: F.conv2d(x, w, b, s, 1)


def psnr(y):
    return (-10 * torch.log10((((base + y).clamp(0, 1) - hr) ** 2).mean((1, 2, 3)))).mean().item()


W = lambda n: S[n + ".w"]
B = lambda n: S[n + ".b"]
R = F.relu
PS = F.pixel_shuffle


def full(x):
    a = {}
    t = R(cv(x, W("stem"), B("stem")))
    a["stem"] = t

    def pair(n, k, t):
        h = R(cv(t, W(f"{n}.c.{k}"), B(f"{n}.c.{k}")))
        p = t + cv(h, W(f"{n}.c.{k+1}"), B(f"{n}.c.{k+1}"))
        a[f"{n}.h{k}"] = h
        a[f"{n}.p{k}"] = p
        return R(p)

    e16 = pair("e16", 0, t)
    d8 = R(cv(e16, W("d8"), B("d8"), 2))
    a["d8"] = d8
    e8 = pair("e8", 0, d8)
    d4 = R(cv(e8, W("d4"), B("d4"), 2))
    a["d4"] = d4
    e4 = pair("e4", 0, d4)
    a["e16"], a["e8"], a["e4"] = e16, e8, e4
    j8 = R(e8 + PS(cv(e4, W("u8.c"), B("u8.c")), 2))
    m8 = pair("m8", 0, j8)
    a["j8"], a["m8"] = j8, m8
    j16 = R(e16 + PS(cv(m8, W("u16.c"), B("u16.c")), 2))
    m = pair("m16", 0, j16)
    m16 = pair("m16", 2, m)
    a["j16"], a["m16"] = j16, m16
    u32 = R(PS(cv(m16, W("u32.c"), B("u32.c")), 2))
    b32 = R(cv(u32, W("b32.c.0"), B("b32.c.0")))
    a["u32"] = u32
    u64p = cv(b32, W("u64.c"), B("u64.c"))
    a["u64p"] = u64p
    u64 = R(PS(u64p, 2))
    b64 = R(cv(u64, W("b64.c.0"), B("b64.c.0")))
    a["b64"] = b64
    out = cv(b64, W("out"), B("out"))
    a["out"] = out
    return PS(out, 2), a


with torch.no_grad():
    y, a = full(lr)
    print("full", psnr(y))
    rms = lambda t: (t**2).mean((0, 2, 3)).sqrt()
    cons = lambda *ns: sum((W(n) ** 2).sum((0, 2, 3)) for n in ns).sqrt()
    top = lambda s, n: s.topk(n)[1].sort()[0]
    k16 = top(
        (rms(a["e16"]) + rms(a["m16"]) + rms(a["j16"]))
        * cons("d8", "e16.c.0", "m16.c.0", "m16.c.2", "u32.c"),
        32,
    )
    k8 = top(
        (rms(a["e8"]) + rms(a["m8"]) + rms(a["j8"])) * cons("d4", "e8.c.0", "m8.c.0", "u16.c"), 48
    )
    k4 = top((rms(a["e4"]) + rms(a["d4"])) * cons("e4.c.0", "u8.c"), 64)
    h16 = top(rms(a["e16.h0"]) * cons("e16.c.1"), 32)
    hm = top(rms(a["m16.h0"]) * cons("m16.c.1"), 32)
    h8 = top(rms(a["e8.h0"]) * cons("e8.c.1"), 48)
    h4 = top(rms(a["e4.h0"]) * cons("e4.c.1"), 64)
    T = {}

    def fit(name, x, target, stride=1, phase=False, lam=1e-4):
        """conv of x that gives target (N,co,h,w), by ridge; with phase: co=4*c channels of which each uses 4 taps"""
        N, ci, h, w = x.shape
        co = target.shape[1]
        U = F.unfold(x, 3, padding=1, stride=stride).permute(0, 2, 1).reshape(-1, ci * 9)
        t = target.permute(0, 2, 3, 1).reshape(-1, co)
        U = torch.cat([U, torch.ones(len(U), 1)], 1)
        G = (U.T @ U).double()
        Y = (U.T @ t).double()
        w_ = torch.zeros(co, ci, 3, 3)
        b_ = torch.zeros(co)
        groups = [list(range(co))] if not phase else [list(range(p, co, 4)) for p in range(4)]
        for p, g in enumerate(groups):
            taps = (
                list(range(9))
                if not phase
                else [
                    ty * 3 + tx for ty in ((0, 1), (1, 2))[p // 2] for tx in ((0, 1), (1, 2))[p % 2]
                ]
            )
            I = torch.tensor([c * 9 + t_ for c in range(ci) for t_ in taps] + [ci * 9])
            A = G[I][:, I]
            A = A + lam * A.diagonal().mean() * torch.eye(len(I))
            s = torch.linalg.solve(A, Y[I][:, g]).float()
            ww = torch.zeros(len(g), ci, 9)
            ww[:, :, taps] = s[:-1].T.reshape(len(g), ci, len(taps))
            w_[g] = ww.view(len(g), ci, 3, 3)
            b_[g] = s[-1]
        T[name + ".w"], T[name + ".b"] = w_.contiguous(), b_.contiguous()
        o = F.conv2d(x, w_, b_, stride, 1)
        print(name, "residual share %.3f" % (((o - target) ** 2).mean() / target.var()).item())
        return o

    ch = lambda t, k: t[:, k]
    T["stem.w"], T["stem.b"] = W("stem")[k16].contiguous(), B("stem")[k16].contiguous()
    t = R(cv(lr, T["stem.w"], T["stem.b"]))
    pre = lambda n, x: cv(x, W(n), B(n))
    # hidden of pairs: fit to the full net's pre-activation
    hh = R(fit("e16.c.0", t, pre("e16.c.0", a["stem"])[:, h16]))
    e16 = R(t + fit("e16.c.1", hh, a["e16.p0"][:, k16] - t))
    d8 = R(fit("d8", e16, cv(a["e16"], W("d8"), B("d8"), 2)[:, k8], 2))
    hh = R(fit("e8.c.0", d8, pre("e8.c.0", a["d8"])[:, h8]))
    e8 = R(d8 + fit("e8.c.1", hh, a["e8.p0"][:, k8] - d8))
    d4 = R(fit("d4", e8, cv(a["e8"], W("d4"), B("d4"), 2)[:, k4], 2))
    hh = R(fit("e4.c.0", d4, pre("e4.c.0", a["d4"])[:, h4]))
    e4 = R(d4 + fit("e4.c.1", hh, a["e4.p0"][:, k4] - d4))
    tgt = F.pixel_unshuffle(a["m8.p0"][:, k8] - e8, 2)
    m8 = R(e8 + PS(fit("u8.c", e4, tgt, phase=True), 2))
    tgt = F.pixel_unshuffle((a["e16"] + PS(pre("u16.c", a["m8"]), 2))[:, k16] - e16, 2)
    j16 = R(e16 + PS(fit("u16.c", m8, tgt, phase=True), 2))
    hh = R(fit("m16.c.0", j16, pre("m16.c.0", a["j16"])[:, hm]))
    m16 = R(j16 + fit("m16.c.1", hh, a["m16.p2"][:, k16] - j16))
    u32 = R(PS(fit("u32.c", m16, pre("u32.c", a["m16"]), phase=True), 2))
    u64 = R(PS(fit("u64.c", u32, a["u64p"], phase=True), 2))
    n = 96
    b64 = R(fit("b64.c.0", u64[:n], pre("b64.c.0", R(PS(a["u64p"], 2)))[:n]))
    b64 = R(cv(u64, T["b64.c.0.w"], T["b64.c.0.b"]))
    o = fit("out", b64[:n], a["out"][:n])
    o = cv(b64, T["out.w"], T["out.b"])
    print("pruned", psnr(PS(o, 2)), "bicubic-ish base", psnr(torch.zeros_like(hr)))
    save_file(T, sys.argv[3])
