"""Training with the PyTorch mirror: bfloat16, AdamW, an averaged copy of the weights, resumable."""

# PyTorch is optional; without it, none of its types are known.
# pyright: basic

import copy
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch  # pyright: ignore[reportMissingImports] -- optional

from fer.whole_files import replacing
from training.config import Config
from training.nets.torch_mirror import Mirror


def _parameter_groups(net: Mirror, weight_decay: float) -> list[dict[str, Any]]:
    kernels = [value for value in net.parameters() if value.ndim > 1]
    others = [value for value in net.parameters() if value.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


class TorchEngine:
    """Steps a Keras model's mirror. The device is the GPU where there is one; ``compiled`` fuses the graph."""

    suffix = ".pt"

    def __init__(self, model: keras.Model, config: Config, *, compiled: bool = True):
        torch.manual_seed(config.seed)
        self.model, self.config = model, config
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        net = Mirror(model).to(self.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.net = net.train()
        self.averaged = copy.deepcopy(self.net).eval()
        self.forward = torch.compile(self.net) if compiled else self.net
        self.optimizer = torch.optim.AdamW(
            _parameter_groups(self.net, config.weight_decay), lr=config.learning_rate, fused=True
        )
        self.steps = 0

    def _tensor(self, images: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        return tensor.to(self.device, memory_format=torch.channels_last)

    def step(
        self, images: np.ndarray, targets: np.ndarray, weights: np.ndarray, added: np.ndarray, rate: float
    ) -> float:
        """Make one update at learning rate ``rate``; return the weighted cross-entropy of logits plus ``added``."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.forward(self._tensor(images))
        goal, weight = torch.from_numpy(targets).to(self.device), torch.from_numpy(weights).to(self.device)
        posterior = logits.float() + torch.from_numpy(added).to(self.device)
        losses = -(goal * posterior.log_softmax(1)).sum(1)
        loss = (losses * weight).sum() / weight.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        self._average()
        return float(loss.detach())

    @torch.no_grad()
    def _average(self) -> None:
        # A young average follows fast: the weights of the first steps would weigh for epochs otherwise.
        decay = min(self.config.ema, (1 + self.steps) / (10 + self.steps))
        slow, fast = self.averaged.state_dict(), self.net.state_dict()
        floats = [name for name, value in slow.items() if value.is_floating_point()]
        torch._foreach_lerp_([slow[name] for name in floats], [fast[name] for name in floats], 1 - decay)

    @torch.no_grad()
    def logits(self, images: np.ndarray, batch: int = 256) -> np.ndarray:
        """Return the averaged net's logits, float32 (N, 7), for float32 (N, H, W, 1) in 0–1."""
        parts = []
        for start in range(0, len(images), batch):
            with torch.autocast(self.device.type, torch.bfloat16):
                parts.append(self.averaged(self._tensor(images[start : start + batch])).float().cpu().numpy())
        return np.concatenate(parts)

    def save_model(self, path: Path) -> None:
        """Write the averaged net as a ``.keras`` file, atomically."""
        self.averaged.to("cpu").write_weights(self.model)
        self.averaged.to(self.device)
        with replacing(path) as file:
            self.model.save(file.name)

    def save_state(self, path: Path, extra: dict[str, Any]) -> None:
        """Write everything that ``load_state`` needs to resume, atomically."""
        state = {
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
            "extra": extra,
        }
        with replacing(path) as file:
            torch.save(state, file)

    def load_state(self, path: Path) -> dict[str, Any]:
        """Restore a saved state and return its ``extra``."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        for net, saved in ((self.net, state["net"]), (self.averaged, state["averaged"])):
            # Keras numbers its layers' names through the whole process, so values are matched by their order.
            net.load_state_dict(dict(zip(net.state_dict(), saved.values(), strict=True)))
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]
        return state["extra"]
