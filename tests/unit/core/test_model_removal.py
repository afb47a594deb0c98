"""With a model goes what it has read ahead; what another one has read stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.kept_readings import PAYLOAD, key
from tests.unit.models import gguf_files

from studiolo.bootstrap import open_local
from studiolo.errors import Code, UserError
from studiolo.inference.readings_key import model_group
from studiolo.paths import Home


@pytest.mark.parametrize("kind", ["model", "adapter"])
def test_what_it_has_read_goes_and_what_others_have_stays(home: Home, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "模型.gguf"
    file.write_bytes(gguf_files.gguf() if kind == "model" else gguf_files.lora({"blk.0.attn_q.weight": (64, 64)}))
    engine = open_local(home, environ=os.environ)
    model = engine.import_model(file)
    readings = engine._parts.readings
    for number, groups in enumerate([(model_group(model.sha256), "d"), (model_group("ab" * 32), "d"), ("d",)]):
        assert readings.put(key(number), PAYLOAD, tokens=3, groups=groups)
    with pytest.raises(UserError) as refused:
        engine.remove_model("none")
    assert refused.value.code is Code.UNKNOWN_MODEL
    assert readings.statistics().entries == 3
    engine.close()

    engine = open_local(home, environ=os.environ)  # what was read before a start belongs to its model too
    engine.remove_model(model.id)
    readings = engine._parts.readings
    assert [readings.contains(key(number)) for number in range(3)] == [False, True, True]
    assert not [one for one in engine.models() if one.id == model.id]
    engine.close()
