"""Q5: a transformer language model."""

from autograder.grading import part


@part("a", weight=2, devices="cpu cuda")
def test_attention(run):
    """attention of five queries on five keys, with values of another width"""
    run("attention").matches()


@part("a", weight=2)
def test_attention_with_cache(run):
    """attention with more keys than queries, as with a cache"""
    run("attention_with_cache").matches()


@part("a", devices="cpu cuda")
def test_attention_extremes(run):
    """gradients of attention, and attention with very large scores"""
    run("attention_extremes").matches("chain")


@part("a", devices="cpu")
def test_attention_below_every_mask(run):
    """attention where the only visible score is about -1e5 and -1e12"""
    run("attention_below_every_mask").matches()


@part("b", weight=2, devices="cpu cuda")
def test_heads(run):
    """two and three heads, another function as attention, called once, also in evaluation mode"""
    run("heads").matches()


@part("b", devices="cpu cuda")
def test_heads_of_several_sizes(run):
    """one to eight heads, and the gradients of the parameters"""
    run("heads_of_several_sizes").matches("chain")


@part("b", weight=2)
def test_heads_with_cache(run):
    """two calls of one layer with one cache: the results, and what the cache then holds"""
    run("heads_with_cache").matches()


@part("c", weight=2, devices="cpu cuda")
def test_block(run):
    """a block with another layer in the place of attention, and its gradients"""
    run("block").matches("chain")


@part("c")
def test_block_with_cache(run):
    """a block that is given a cache"""
    run("block_with_cache").matches()


@part("d", weight=2)
def test_loss(run):
    """loss of three texts of five characters, and its gradient"""
    run("loss").matches()


@part("d", devices="cpu cuda")
def test_loss_extremes(run):
    """loss of logits of 1e4, of equal logits, and of a text of two characters"""
    run("loss_extremes").matches()


@part("e", devices="cpu cuda")
def test_temperature(run):
    """logits at three temperatures"""
    run("temperature").matches()


@part("e", weight=2)
def test_top_k(run):
    """top-k from k = 1 to k > V, and with ties"""
    run("top_k").matches()


@part("e", weight=2)
def test_top_p(run):
    """top-p of three distributions, from flat to peaked, and with ties"""
    run("top_p").matches()


@part("e", devices="cpu cuda")
def test_all_filters(run):
    """temperature, top-k and top-p together, also with logits of 1e4"""
    run("all_filters").matches()


@part("f", weight=2, devices="cpu cuda")
def test_sample(run):
    """five tokens after a prompt of three, and the number of positions that were processed"""
    run("sample").matches()


@part("f")
def test_sample_one_token(run):
    """one token after a prompt of one"""
    run("sample_one_token").matches()


@part("f", devices="cpu cuda")
def test_sample_filtered(run):
    """samples with all settings and with none, with another function in the place of the filter"""
    run("sample_filtered").matches()


@part("f", devices="cpu")
def test_sample_at_the_edges(run):
    """samples where u equals a cumulative probability, and u just below 1 with a forbidden token"""
    run("sample_at_the_edges").matches()
