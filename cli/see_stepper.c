/* A page's interactive part. See see_stepper.h. The script stands here as it goes into the page: it needs no
 * library and no network, draws on two canvases, and works by arrow keys, mouse and touch. */
#include "see_stepper.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_SIDE 160 /* of the picture that is stepped over */

static const char page_head[] =
    "<h2>Step by step</h2>\n"
    "<p id=\"about\"></p>\n"
    "<style>.st{display:flex;flex-wrap:wrap;gap:1.2rem;align-items:flex-start;margin:.6rem 0}"
    ".st figure{margin:0}.st figcaption{font-size:.85rem;margin-bottom:.3rem}"
    ".st canvas{border:1px solid #8886;cursor:crosshair;touch-action:none;image-rendering:pixelated}"
    ".st table{border-collapse:collapse;font-size:.72rem;font-variant-numeric:tabular-nums}"
    ".st td{border:1px solid #8886;padding:.15rem .3rem;text-align:right;min-width:2.2em}"
    ".st td.z{opacity:.45}#sum{font-size:1.05rem;font-weight:bold}h2{font-size:1.1rem;margin:1.4rem 0 "
    ".3rem}</style>\n"
    "<p>Arrow keys move the window, so does the mouse on either picture. "
    "<label><input type=\"radio\" name=\"pad\" value=\"valid\" checked> valid</label> "
    "<label><input type=\"radio\" name=\"pad\" value=\"same\"> same</label></p>\n"
    "<div class=\"st\" id=\"st\" tabindex=\"0\" aria-label=\"kernel stepper\">\n"
    "<figure><figcaption>picture</figcaption><canvas id=\"in\"></canvas></figure>\n"
    "<figure><figcaption>output</figcaption><canvas id=\"out\"></canvas></figure>\n"
    "</div>\n<p id=\"sum\"></p>\n<div class=\"st\">\n"
    "<figure><figcaption>window</figcaption><table id=\"win\"></table></figure>\n"
    "<figure><figcaption>&times; kernel</figcaption><table id=\"ker\"></table></figure>\n"
    "<figure><figcaption>= products</figcaption><table id=\"pro\"></table></figure>\n</div>\n"
    "<script>\n\"use strict\";\n";

static const char page_script[] =
    "const $=i=>document.getElementById(i),fmt=v=>(+v.toFixed(3)).toString().replace('-','\\u2212');\n"
    "const zoom=Math.max(1,Math.floor(320/Math.max(W,H)));let same=false,row=0,col=0,out=[],oh,ow,lo,hi;\n"
    "const at=(y,x)=>y<0||x<0||y>=H||x>=W?0:P[y*W+x];\n"
    "const top0=()=>same?-((KH-1)>>1):0,left0=()=>same?-((KW-1)>>1):0;\n"
    "function answer(r,c){let s=0;for(let y=0;y<KH;y++)for(let "
    "x=0;x<KW;x++)s+=at(r+top0()+y,c+left0()+x)*K[y*KW+x];"
    "return s;}\n"
    "function plan(){oh=same?H:H-KH+1;ow=same?W:W-KW+1;out=[];lo=Infinity;hi=-Infinity;"
    "for(let r=0;r<oh;r++)for(let c=0;c<ow;c++){const "
    "v=answer(r,c);out.push(v);lo=Math.min(lo,v);hi=Math.max(hi,v);}"
    "row=Math.min(row,oh-1);col=Math.min(col,ow-1);}\n"
    "function paint(id,h,w,get,low,high,box,border){const "
    "c=$(id),b=border*zoom;c.width=w*zoom+2*b;c.height=h*zoom+2*b;"
    "const g=c.getContext('2d');g.fillStyle='#000';g.fillRect(0,0,c.width,c.height);"
    "for(let y=0;y<h;y++)for(let x=0;x<w;x++){const t=high>low?Math.round(255*(get(y,x)-low)/(high-low)):128;"
    "g.fillStyle=`rgb(${t},${t},${t})`;g.fillRect(x*zoom+b,y*zoom+b,zoom,zoom);}"
    "if(border){g.strokeStyle='#888';g.lineWidth=1;g.strokeRect(b-.5,b-.5,w*zoom+1,h*zoom+1);}"
    "g.strokeStyle='#ff9e3d';g.lineWidth=2;g.strokeRect(box[1]*zoom+b+1,box[0]*zoom+b+1,Math.max(2,box[3]*"
    "zoom-2),"
    "Math.max(2,box[2]*zoom-2));}\n"
    "function table(id,get,dim){const t=$(id);t.textContent='';for(let y=0;y<KH;y++){const tr=t.insertRow();"
    "for(let x=0;x<KW;x++){const "
    "td=tr.insertCell();td.textContent=fmt(get(y,x));if(dim(y,x))td.className='z';}}}\n"
    "function draw(){const t=row+top0(),l=col+left0(),b=same?Math.max(KH,KW)>>1:0;\n"
    "const low=Math.min(0,...P.slice(0,1),PLO),high=Math.max(1,PHI);\n"
    "paint('in',H,W,at,low,high,[t,l,KH,KW],b);paint('out',oh,ow,(y,x)=>out[y*ow+x],lo,hi,[row,col,1,1],0);\n"
    "table('win',(y,x)=>at(t+y,l+x),(y,x)=>t+y<0||l+x<0||t+y>=H||l+x>=W);table('ker',(y,x)=>K[y*KW+x],(y,x)=>"
    "!K[y*KW+x]);\n"
    "table('pro',(y,x)=>at(t+y,l+x)*K[y*KW+x],(y,x)=>!(at(t+y,l+x)*K[y*KW+x]));\n"
    "$('sum').textContent=`output (${row}, ${col}) = sum of ${KH*KW} products = ${fmt(out[row*ow+col])}`+"
    "`   \\u00b7   the map goes from ${fmt(lo)} to ${fmt(hi)}`;}\n"
    "function go(r,c){row=Math.max(0,Math.min(oh-1,r));col=Math.max(0,Math.min(ow-1,c));draw();}\n"
    "$('st').addEventListener('keydown',e=>{const "
    "d={ArrowLeft:[0,-1],ArrowRight:[0,1],ArrowUp:[-1,0],ArrowDown:[1,0]}"
    "[e.key];if(!d)return;e.preventDefault();go(row+d[0],col+d[1]);});\n"
    "for(const id of['in','out']){const c=$(id);let down=false;const move=e=>{const "
    "r=c.getBoundingClientRect(),"
    "b=id==='in'&&same?Math.max(KH,KW)>>1:0,y=Math.floor((e.clientY-r.top)*c.height/r.height/zoom)-b,"
    "x=Math.floor((e.clientX-r.left)*c.width/r.width/zoom)-b;"
    "id==='in'?go(y-top0()-(KH>>1),x-left0()-(KW>>1)):go(y,x);};"
    "c.addEventListener('pointerdown',e=>{down=true;$('st').focus();c.setPointerCapture(e.pointerId);move(e);"
    "});"
    "c.addEventListener('pointermove',e=>{if(down)move(e);});c.addEventListener('pointerup',()=>{down=false;}"
    ");}\n"
    "for(const i of "
    "document.getElementsByName('pad'))i.addEventListener('change',()=>{same=i.value==='same';plan();"
    "draw();$('st').focus();});\n"
    "plan();row=oh>>1;col=ow>>1;draw();$('st').focus({preventScroll:true});\n</script>\n";

/* Text that grows; NULL once memory ran out. */
typedef struct growing {
    char *text;
    size_t length, capacity;
    bool failed;
} growing;

static void add(growing *to, const char *text)
{
    const size_t length = strlen(text);
    if (!to->failed && to->length + length + 1 > to->capacity) {
        const size_t capacity = 2 * (to->length + length + 1);
        char *grown = realloc(to->text, capacity);
        if (grown == NULL) {
            to->failed = true;
        } else {
            to->text = grown;
            to->capacity = capacity;
        }
    }
    if (!to->failed) {
        memcpy(to->text + to->length, text, length + 1);
        to->length += length;
    }
}

static void add_numbers(growing *to, const char *name, const float *values, int64_t rows, int64_t columns,
                        int64_t stride)
{
    char number[48];
    add(to, "const ");
    add(to, name);
    add(to, "=[");
    for (int64_t i = 0; i < rows * columns; i++) {
        snprintf(number, sizeof number, "%s%.4g", i > 0 ? "," : "",
                 (double)values[i / columns * stride + i % columns]);
        add(to, number);
    }
    add(to, "];\n");
}

/* A text in quotes for the script: names of kernels may be those of files. */
static void add_quoted(growing *to, const char *text)
{
    char code[8];
    add(to, "\"");
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        const bool plain =
            byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\' && byte != '<' && byte != '&';
        snprintf(code, sizeof code, plain ? "%c" : byte >= 0x80 ? "%c" : "\\x%02x", byte);
        add(to, code);
    }
    add(to, "\"");
}

char *see_stepper(const stria_array *picture, const stria_kernel *kernel, const char *name)
{
    const int64_t height = picture->shape.sizes[1], width = picture->shape.sizes[2];
    const int64_t rows = height < LARGEST_SIDE ? height : LARGEST_SIDE;
    const int64_t columns = width < LARGEST_SIDE ? width : LARGEST_SIDE;
    growing page = {0};
    char line[256];
    if (rows < kernel->height ||
        columns < kernel->width) { /* the kernel is too large to be stepped over it */
        return calloc(1, 1);
    }
    const float *from = picture->values + (height - rows) / 2 * width + (width - columns) / 2;
    double low = 0, high = 0;
    for (int64_t i = 0; i < rows * columns; i++) {
        const double value = (double)from[i / columns * width + i % columns];
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    add(&page, page_head);
    add_numbers(&page, "P", from, rows, columns, width);
    add_numbers(&page, "K", kernel->values, kernel->height, kernel->width, kernel->width);
    snprintf(line, sizeof line,
             "const H=%lld,W=%lld,KH=%lld,KW=%lld,PLO=%.4g,PHI=%.4g,NAME=", (long long)rows,
             (long long)columns, (long long)kernel->height, (long long)kernel->width, low, high);
    add(&page, line);
    add_quoted(&page, name);
    snprintf(
        line, sizeof line,
        ";\ndocument.getElementById('about').textContent='The kernel '+NAME+' over %s%lldx%lld pixels.';\n",
        rows < height || columns < width ? "the middle " : "all ", (long long)rows, (long long)columns);
    add(&page, line);
    add(&page, page_script);
    if (page.failed) {
        free(page.text);
        return NULL;
    }
    return page.text;
}
