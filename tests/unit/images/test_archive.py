"""Images are put together from layers without changing a byte of them."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from dev.images.archive import Image, Layer, read_image, read_images, read_layer, write_archive, write_names, write_tree


def layer(folder: Path, name: str, content: bytes) -> Layer:
    path = folder / f"{name}.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return read_layer(path)


@pytest.fixture
def shared(tmp_path: Path) -> Image:
    layers = (layer(tmp_path, "base", b"b" * 5000), layer(tmp_path, "packages", b"p" * 70000))
    return Image(layers, "amd64", {"User": "bentoml", "Env": ["A=1"]})


def test_what_is_written_is_read_again(tmp_path: Path, shared: Image) -> None:
    archive = tmp_path / "out" / "one.tar"
    write_archive(archive, {"tandem.local/x:1": shared})
    again = read_image(archive)
    assert again.configuration == shared.configuration
    assert again.architecture == "amd64"
    assert [part.digest for part in again.layers] == [part.digest for part in shared.layers]
    for part in again.layers:
        content = archive.read_bytes()[part.start : part.start + part.size]
        assert hashlib.sha256(content).hexdigest() == part.digest


def test_each_image_of_an_archive_is_found_by_its_name(tmp_path: Path, shared: Image) -> None:
    names = {name: f"tandem.local/x:{name}" for name in ("first", "second")}
    images = {names[name]: shared.with_layer(layer(tmp_path, name, name.encode())) for name in names}
    archive, again = tmp_path / "two.tar", tmp_path / "again.tar"
    write_archive(archive, images)
    write_archive(again, {"tandem.local/x:third": read_images(archive)[names["second"]]})
    third = read_image(again)
    assert [part.digest for part in third.layers] == [part.digest for part in images[names["second"]].layers]
    assert third.configuration == shared.configuration


def test_names_alone_lead_to_the_same_image_without_its_layers(tmp_path: Path, shared: Image) -> None:
    whole, names = tmp_path / "whole.tar", tmp_path / "names.tar"
    write_archive(whole, {"tandem.local/x:1": shared})
    write_names(names, {"tandem.local/x:2": shared})
    with tarfile.open(names) as tar:

        def content(path: str) -> bytes:
            file = tar.extractfile(path)
            assert file is not None
            return file.read()

        [entry] = json.loads(content("index.json"))["manifests"]
        assert entry["annotations"] == {"io.containerd.image.name": "tandem.local/x:2"}
        manifest = json.loads(content(f"blobs/{entry['digest'].replace(':', '/')}"))
        assert [layer["digest"] for layer in manifest["layers"]] == [f"sha256:{part.digest}" for part in shared.layers]
        configuration = manifest["config"]["digest"].replace(":", "/")
        assert len(tar.getnames()) == 4
        with tarfile.open(whole) as other:
            file = other.extractfile(f"{configuration.removeprefix('sha256/')}.json")
            assert file is not None
            assert content(f"blobs/{configuration}") == file.read()


def test_images_share_layers_and_keep_their_own_names(tmp_path: Path, shared: Image) -> None:
    archive = tmp_path / "two.tar"
    first, second = (shared.with_layer(layer(tmp_path, name, name.encode())) for name in ("first", "second"))
    write_archive(archive, {"tandem.local/x:first": first, "tandem.local/x:second": second})
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        file = tar.extractfile("manifest.json")
        assert file is not None
        manifest = json.load(file)
        assert len(names) == len(set(names)) == 4 + 2 + 1
        assert [entry["RepoTags"] for entry in manifest] == [["tandem.local/x:first"], ["tandem.local/x:second"]]
        assert manifest[0]["Layers"][:2] == manifest[1]["Layers"][:2]
        assert manifest[0]["Layers"][2] != manifest[1]["Layers"][2]
        for entry in manifest:
            config = tar.extractfile(entry["Config"])
            assert config is not None
            text = config.read()
            assert entry["Config"] == f"{hashlib.sha256(text).hexdigest()}.json"
            assert json.loads(text)["rootfs"]["diff_ids"] == [f"sha256:{name[:-4]}" for name in entry["Layers"]]


def test_a_tree_keeps_its_times_and_gets_its_owner(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "src").mkdir(parents=True)
    (tree / "src" / "service.py").write_text("x = 1\n")
    os.utime(tree / "src" / "service.py", (1_700_000_000, 1_700_000_000))
    made = write_tree(tmp_path / "layer.tar", tree, at="home/bentoml/bento", owner=1034)
    with tarfile.open(made.file) as tar:
        assert tar.getnames()[0] == "home/bentoml/bento"
        member = tar.getmember("home/bentoml/bento/src/service.py")
        assert (member.uid, member.gid, member.mtime) == (1034, 1034, 1_700_000_000)


def test_an_archive_appears_only_when_it_is_whole(tmp_path: Path, shared: Image) -> None:
    archive = tmp_path / "broken.tar"
    lost = Layer(tmp_path / "lost.tar", 0, 10, "0" * 64)
    with pytest.raises(FileNotFoundError):
        write_archive(archive, {"tandem.local/x:1": shared.with_layer(lost)})
    assert not archive.exists()
