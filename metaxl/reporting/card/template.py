"""The text of a card around its facts, for `huggingface_hub.ModelCard`."""

TEMPLATE = """---
{{ card_data }}
---

# {{ title }}

{{ does }} A reproduction of MetaXL trained it as one cell of an experiment: one target language, one
source, one method, one seed.

| | |
|---|---|
{%- for name, text in facts %}
| {{ name }} | {{ text }} |
{%- endfor %}
{%- for note in notes %}

{{ note }}
{%- endfor %}

## Scores on test

| | F1 | precision | recall | in test |
|---|---:|---:|---:|---:|
{%- for row in rows %}
| {{ row | join(" | ") }} |
{%- endfor %}

In percent; {{ measure }}. {{ intervals }}

## How to use it

{% if has_words -%}
From the project's folder, with text that has a sentence on each line. Punctuation is split from the words as the
training data had it; `--format json` gives the place of each entity:

    metaxl predict THIS-FOLDER < text.txt

With transformers, words and punctuation must be separated by spaces, and `first` is the strategy that agrees with the
scores above (a word has the label of its first subword):

```python
from transformers import pipeline

find = pipeline("token-classification", model="THIS-FOLDER", aggregation_strategy="first")
find("words and punctuation apart , as here .")
```

## How words were split

{{ words }}
{%- else -%}
From the project's folder, with a text on each line:

    metaxl predict THIS-FOLDER < texts.txt

With transformers:

```python
from transformers import pipeline

classify = pipeline("text-classification", model="THIS-FOLDER", truncation=True)
classify("a text")
```
{%- endif %}

## Limits
{% for limit in limits %}
- {{ limit }}
{%- endfor %}

## Data and encoder
{% for credit in credits %}
- {{ credit }}
{%- endfor %}
{%- if not credits %}
The experiment lists neither the model's data nor its encoder.
{%- endif %}
"""
