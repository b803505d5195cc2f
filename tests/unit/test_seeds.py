from distilshift.seeds import generator, seed_from

import torch


def test_a_seed_is_the_same_on_every_machine():
    assert seed_from("teacher", "mnist5k", 0) == 8902423905166186464


def test_other_names_give_other_seeds():
    names = [("a", "b"), ("b", "a"), ("ab",), ("a", "b", 0), ("a", "b", 1), ("a",), ("a", "")]
    names += [("student", "cnn-4", seed) for seed in range(1000)]
    seeds = {seed_from(*name) for name in names}
    assert len(seeds) == len(names)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_generators_repeat_and_leave_the_global_stream_alone():
    before = torch.random.get_rng_state()
    first, second = (torch.rand(3, generator=generator("x", 1)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, torch.rand(3, generator=generator("x", 2)))
    assert torch.equal(before, torch.random.get_rng_state())
